"""COLT's tailness: how crowded an image's neighbourhood is among the negatives of its batch (methods.md 1.6).

    p_vu = exp(S_vu) / D_v, u neither v nor its partner;  pbar_i = mean of image i's two rows;
    d_i = sum of the k largest pbar_iu

Few neighbours, low density, tail. The memory rho_i <- beta rho_i + (1 - beta) d_i smooths it; tailness is -rho_i.
"""

from torch import Tensor


def density(s: Tensor, log_d: Tensor, k: int) -> Tensor:
    """d_i [B] in [0, 1] from S [2B, 2B] and log D [2B] of ntxent; images in the order of the batch."""
    half = len(s) // 2
    p = (s - log_d[:, None]).exp()
    p.diagonal(half).zero_()
    p.diagonal(-half).zero_()
    both = (p[:half] + p[half:]) / 2
    return both.topk(min(k, both.shape[1]), dim=1).values.sum(1)
