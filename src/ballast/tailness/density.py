"""COLT's density of an image's neighbourhood among the negatives of its batch; tailness is its negative.

    p_vu = exp(S_vu) / D_v for u neither v nor its partner,  pbar_i = mean of the two rows of image i,
    d_i  = sum of the k largest pbar_iu

A memory smooths it over the epochs (ballast.tailness.memory): rho_i <- beta rho_i + (1 - beta) d_i.
Source: COLT (Bai et al., ICLR 2023; docs/methods/colt.md); the mean over the two views is the released code's.
"""

from torch import Tensor


def density(s: Tensor, log_d: Tensor, k: int) -> Tensor:
    """Return d_i [B] in [0, 1], in the order of the batch.

    Args:
        s: similarities of NT-Xent, [2B, 2B], with -inf on the diagonal.
        log_d: log denominators of NT-Xent, [2B].
        k: number of the largest probabilities to sum; all, if there are fewer.
    """
    half = len(s) // 2
    p = (s - log_d[:, None]).exp()
    p.diagonal(half).zero_()
    p.diagonal(-half).zero_()
    p_mean = (p[:half] + p[half:]) / 2
    return p_mean.topk(min(k, p_mean.shape[1]), dim=1).values.sum(1)
