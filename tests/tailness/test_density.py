"""COLT's density and its memory against loops (methods.md 1.6)."""

import torch
from torch.nn.functional import normalize

from ballast.losses.ntxent import log_denominators, similarities
from ballast.tailness.density import density


def by_loops(z, t, k):
    views, batch = len(z), len(z) // 2
    found = []
    for i in range(batch):
        p = {}
        for v in (i, i + batch):
            d = sum(float((z[v] @ z[u] / t).exp()) for u in range(views) if u != v)
            for u in range(views):
                if u % batch != i:
                    p[u] = p.get(u, 0.0) + float((z[v] @ z[u] / t).exp()) / d / 2
        found.append(sum(sorted(p.values(), reverse=True)[:k]))
    return torch.tensor(found, dtype=torch.float32)


def test_equals_the_equation_also_with_fewer_negatives_than_k():
    torch.manual_seed(0)
    for batch, k in ((8, 3), (2, 10), (1, 10)):
        z = normalize(torch.randn(2 * batch, 5))
        s = similarities(z, 0.2)
        torch.testing.assert_close(density(s, log_denominators(s), k), by_loops(z, 0.2, k), rtol=1e-4, atol=1e-6)
