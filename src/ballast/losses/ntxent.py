"""NT-Xent, the contrastive loss of SimCLR (methods.md 1.1).

    S = Z Z^T / t,  D_v = sum_{u != v} exp(S_vu),  L = (1/2B) sum_v [log D_v - S_{v, partner(v)}]

Z [2B, d] holds unit vectors, all of view 1 first, so partner(v) = (v + B) mod 2B.
"""

import torch
from torch import Tensor


def similarities(z: Tensor, temperature: float | Tensor) -> Tensor:
    """S [2B, 2B] with -inf on the diagonal, so that no sum over a row sees v itself."""
    s = (z @ z.T).float() / temperature
    return s.masked_fill(torch.eye(len(s), dtype=torch.bool, device=s.device), -torch.inf)


def log_denominators(s: Tensor) -> Tensor:
    """log D_v [2B]: over all other views, the positive included."""
    return s.logsumexp(1)


def positives(s: Tensor) -> Tensor:
    """S_{v, partner(v)} [2B]."""
    half = len(s) // 2
    return torch.cat([s.diagonal(half), s.diagonal(-half)])


def ntxent_per_view(s: Tensor, log_d: Tensor) -> Tensor:
    """l_v = log D_v - S_{v, partner(v)}, [2B]; the loss is its mean."""
    return log_d - positives(s)


def ntxent(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """The scalar loss of two views' projections [B, d], unit vectors."""
    s = similarities(torch.cat([z1, z2]), temperature)
    return ntxent_per_view(s, log_denominators(s)).mean()
