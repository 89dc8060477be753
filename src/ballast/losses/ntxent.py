"""NT-Xent, the contrastive loss of SimCLR.

    S = Z Z^T / t,  D_v = sum_{u != v} exp(S_vu),  L = (1/2B) sum_v [log D_v - S_{v, partner(v)}]

Z [2B, d] holds unit vectors, all first views before all second views, so that partner(v) = (v + B) mod 2B.
Source: SimCLR (Chen et al., ICML 2020, eq. 1; docs/methods/simclr.md).
"""

import torch
from torch import Tensor


def similarities(z: Tensor, temperature: float | Tensor) -> Tensor:
    """Return S [2B, 2B] of unit vectors z [2B, d], with -inf on the diagonal: no sum over a row counts v itself."""
    s = z @ z.T / temperature
    return s.masked_fill(torch.eye(len(s), dtype=torch.bool, device=s.device), -torch.inf)


def log_denominators(s: Tensor) -> Tensor:
    """Return log D_v [2B] of S [2B, 2B]: the sum over all other views, the positive included."""
    return s.logsumexp(1)


def positives(s: Tensor) -> Tensor:
    """Return S_{v, partner(v)} [2B] of S [2B, 2B]."""
    half = len(s) // 2
    return torch.cat([s.diagonal(half), s.diagonal(-half)])


def ntxent_per_view(s: Tensor, log_d: Tensor) -> Tensor:
    """Return the loss of each view, log D_v - S_{v, partner(v)} [2B]; NT-Xent is its mean."""
    return log_d - positives(s)


def ntxent(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """Return the scalar NT-Xent loss of the unit projections [B, d] of first and second views."""
    s = similarities(torch.cat([z1, z2]), temperature)
    return ntxent_per_view(s, log_denominators(s)).mean()
