"""L_DL against loops (methods.md 1.7)."""

import torch
from torch.nn.functional import normalize

from ballast.losses.distill import relational_kl


def test_equals_the_equation():
    torch.manual_seed(0)
    u, v, t = normalize(torch.randn(6, 4).double()), normalize(torch.randn(6, 3).double()), 0.1
    total = 0.0
    for i in range(6):
        a, b = ([float((z[i] @ z[j] / t).exp()) if j != i else 0.0 for j in range(6)] for z in (u, v))
        for j in range(6):
            if j != i:
                p, q = a[j] / sum(a), b[j] / sum(b)
                total += p * torch.tensor(p / q).log()
    torch.testing.assert_close(relational_kl(u, v, t).double(), total.double() / 6, rtol=1e-4, atol=1e-6)


def test_is_zero_for_equal_geometry_and_positive_otherwise():
    torch.manual_seed(1)
    u = normalize(torch.randn(8, 4))
    rotation = torch.linalg.qr(torch.randn(4, 4)).Q
    assert abs(relational_kl(u, u @ rotation, 0.1).item()) < 1e-5
    assert relational_kl(u, normalize(torch.randn(8, 4)), 0.1).item() > 0.01
