"""ECLE of one block: the mean of NT-Xent over all pairs of passes."""

from itertools import combinations

import torch

from tests.oracles.ntxent import ntxent_by_loops


def ecle_by_pairs(z, temperature):
    """Return ECLE [n] of a block from unit projections z [M, n, d]."""
    losses = [ntxent_by_loops(z[a], z[b], temperature) for a, b in combinations(range(len(z)), 2)]
    return torch.tensor(losses).unflatten(1, (2, -1)).mean((0, 1))
