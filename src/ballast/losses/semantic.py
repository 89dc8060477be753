"""Pseudo semantic discrimination L_PSD of the guide: its nearest neighbour in a memory bank is a positive too.

methods.md 1.7 (open in the paper, our reading). b_i is the bank entry of image i's nearest other image:
    L = (1/2B) sum_v [(1 - w) (log D_v - S_{v, partner(v)})
                      + w (log(exp(z_v.b/t) + sum_{u not of img(v)} exp S_vu) - z_v.b/t)]
"""

import torch
from torch import Tensor


def nearest_in_bank(bank: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Nearest other entry of the bank [N, d] (unit vectors) for index [B]: its position [B] and cosine [B]."""
    cosine = bank[index] @ bank.T
    cosine.scatter_(1, index[:, None], -torch.inf)
    best = cosine.max(1)
    return best.indices, best.values


def semantic_per_view(z: Tensor, s: Tensor, neighbour: Tensor, temperature: float) -> Tensor:
    """The neighbour term per view [2B]: z [2B, d], s [2B, 2B] with -inf diagonal, neighbour b [B, d] per image."""
    half = len(z) // 2
    positive = (z * neighbour.repeat(2, 1)).sum(1) / temperature
    views = torch.arange(len(z), device=z.device)
    partner = views.roll(half)[:, None]
    log_others = s.scatter(1, partner, -torch.inf).logsumexp(1)
    return torch.logaddexp(positive, log_others) - positive
