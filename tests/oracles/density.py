"""COLT's density by loops."""

import torch


def density_by_loops(z, temperature, k):
    """Return d_i, float32 [B], from unit projections z [2B, d]."""
    views = len(z)
    images = views // 2
    densities = []
    for i in range(images):
        probability = {}
        for v in (i, i + images):
            s = [float((z[v] @ z[u] / temperature).exp()) for u in range(views)]
            denominator = sum(s[u] for u in range(views) if u != v)
            for u in range(views):
                if u % images != i:
                    probability[u] = probability.get(u, 0.0) + s[u] / denominator / 2
        densities.append(sum(sorted(probability.values(), reverse=True)[:k]))
    return torch.tensor(densities, dtype=torch.float32)
