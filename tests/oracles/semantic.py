"""The guide's semantic loss by loops: its neighbour term, and the search in the bank."""

import torch


def semantic_by_loops(z, neighbour, temperature):
    """Return the neighbour term of all views, [2B], from projections z [2B, d] and bank entries neighbour [B, d]."""
    images = len(neighbour)
    terms = []
    for v in range(len(z)):
        positive = z[v] @ neighbour[v % images] / temperature
        others = sum((z[v] @ z[u] / temperature).exp() for u in range(len(z)) if u % images != v % images)
        terms.append((positive.exp() + others).log() - positive)
    return torch.stack(terms)


def nearest_in_bank_by_loops(bank, index):
    """Return (position, cosine) of the nearest other entry of bank [N, d] for every image of a list index."""
    nearest = []
    for i in index:
        cosine, position = max((float(bank[i] @ bank[j]), j) for j in range(len(bank)) if j != i)
        nearest.append((position, cosine))
    return nearest
