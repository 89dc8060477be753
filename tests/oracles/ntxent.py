"""NT-Xent (SimCLR, eq. 1) by loops."""

import math


def ntxent_by_loops(z1, z2, temperature):
    """Return the losses of all 2B views, a list of floats, from unit projections z1, z2 [B, d]."""
    z = [*z1.tolist(), *z2.tolist()]
    views = len(z)
    losses = []
    for v in range(views):
        s = [sum(a * b for a, b in zip(z[v], z[u])) / temperature for u in range(views)]
        denominator = sum(math.exp(s[u]) for u in range(views) if u != v)
        losses.append(math.log(denominator) - s[(v + len(z1)) % views])
    return losses
