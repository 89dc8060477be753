"""L_GCL and its weights against loops (methods.md 1.7)."""

import torch
from torch.nn.functional import normalize

from ballast.losses.guided import attraction, guided_contrast, repulsion

T, B = 0.2, 5


def batch():
    torch.manual_seed(0)
    z, other = normalize(torch.randn(2 * B, 6).double()), normalize(torch.randn(B, 6).double())
    u, u_other = normalize(torch.randn(B, 4).double()), normalize(torch.randn(B, 4).double())
    negative = torch.rand(B, B) > 0.4
    negative.fill_diagonal_(False)
    negative[2] = False  # an anchor without negatives
    return z, other, u, u_other, negative


def test_equals_the_equation_with_the_guides_weights():
    z, other, u, u_other, negative = batch()
    found = guided_contrast(z, other, T, attraction((u * u_other).sum(1)), repulsion(u @ u.T, negative))
    total = 0.0
    for v in range(2 * B):
        i = v % B
        a = [1.0, max(float(u[i] @ u_other[i]), 0.0)]
        r = [(1 - float(u[i] @ u[w % B])) / 2 if negative[i, w % B] else 0.0 for w in range(2 * B)]
        count = sum(bool(negative[i, w % B]) for w in range(2 * B))
        mean = sum(r) / count if count else 1.0
        pull = sum(r[w] / mean * float((z[v] @ z[w] / T).exp()) for w in range(2 * B))
        for weight, positive in zip(a, (z[(v + B) % (2 * B)], other[i])):
            s = z[v] @ positive / T
            total += weight / (sum(a) / 2) * ((s.exp() + pull).log() - s) / 2
    torch.testing.assert_close(found, total / (2 * B))


def test_an_anchor_without_negatives_has_a_finite_gradient():
    z, other, *_ = batch()
    z.requires_grad_()
    loss = guided_contrast(z, other, T, torch.ones(2 * B, 2), torch.zeros(2 * B, 2 * B))
    loss.backward()
    assert z.grad.isfinite().all()
