"""COLT's budgets and its choice by cluster, as in the paper's algorithm."""

import torch
from torch.nn.functional import normalize


def budgets_with_the_remainder_last(density, total):
    """Return the released code's budgets, a list, of clusters of density [C] at temperature 1."""
    w = -(density - density.mean()) / density.std()
    pi = w.exp() / w.exp().sum()
    budget = [int(total * share) for share in pi]
    budget[-1] += total - sum(budget)
    return budget


def nearest_by_loops(pool, centres, budget):
    """Return a list of pool indices: cluster by cluster, the nearest of pool [P, d] not taken, budget [C] of them."""
    taken = []
    for centre, count in zip(normalize(torch.as_tensor(centres)), budget.tolist()):
        free = [i for i in range(len(pool)) if i not in taken]
        taken += sorted(free, key=lambda i: -float(pool[i] @ centre))[:count]
    return taken
