"""Pseudo semantic discrimination loss L_PSD of the guide: an image's nearest neighbour is a second positive.

    L = (1/2B) sum_v [(1 - w) (log D_v - S_{v, partner(v)})
                      + w (log(exp(z_v.b/t) + sum_{u not of img(v)} exp S_vu) - z_v.b/t)]

A bank holds the latest projection of every training image; b is the bank entry of the nearest other image.
The formula is our interpretation of arXiv 2506.12698 (docs/methods/guided.md).
"""

import torch
from torch import Tensor


def nearest_in_bank(bank: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Return the nearest other entry of some entries of a bank.

    Args:
        bank: unit vectors, [N, d].
        index: the entries to search for, [B].

    Returns:
        The index [B] of the nearest other entry and its cosine [B].
    """
    cosine = bank[index] @ bank.T
    cosine.scatter_(1, index[:, None], -torch.inf)
    nearest = cosine.max(1)
    return nearest.indices, nearest.values


def semantic_per_view(z: Tensor, s: Tensor, neighbour: Tensor, temperature: float) -> Tensor:
    """Return the neighbour term of each view, the factor of w, [2B].

    Args:
        z: unit projections of all first views, then all second views, [2B, d].
        s: similarities, [2B, 2B], with -inf on the diagonal.
        neighbour: the bank entry b of each image, [B, d].
        temperature: t.
    """
    half = len(z) // 2
    positive = (z * neighbour.repeat(2, 1)).sum(1) / temperature
    views = torch.arange(len(z), device=z.device)
    partner = views.roll(half)[:, None]
    log_negatives = s.scatter(1, partner, -torch.inf).logsumexp(1)
    return torch.logaddexp(positive, log_negatives) - positive
