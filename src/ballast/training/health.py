"""Is a training well? Measures without labels, of a sample of the in-domain images.

    rank       = exp(-sum_k p_k log p_k),  p_k = s_k / sum_j s_j,  s the singular values of the features H [n, d]
    first      = the part of the features' variance in its first principal component
    alignment  = mean |z_i - z'_i|^2 over the two views of an image
    uniformity = log mean_{i != j} exp(-2 |z_i - z_j|^2)
    spread     = sqrt(d) times the mean standard deviation of the coordinates of z: about 1 where the projections
                 surround the origin, 0 where all are one
    kept       = the part of the k nearest neighbours of an image that it had at the look before

Sources: rank, Garrido et al., RankMe, ICML 2023, eq. 1; alignment and uniformity, Wang and Isola, ICML 2020, eqs. 1, 2;
spread, Chen and He, SimSiam, CVPR 2021, section 4.1 (docs/live.md).
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

NEIGHBOURS = 10
COLLAPSED = 0.1  # spread below which the projections are as good as one


def health(h: Tensor, z: Tensor, other: Tensor) -> dict[str, float]:
    """Return rank, first, alignment, uniformity and spread.

    Args:
        h: features of the images, [n, d], n > 1.
        z: unit projections of one view of each, [n, e].
        other: of another view, [n, e].
    """
    h, z, other = h.double(), z.double(), other.double()
    variance = torch.linalg.svdvals(h - h.mean(0)).square()
    between = torch.pdist(z).square()
    measures = torch.stack([
        effective_rank(h), variance[0] / variance.sum().clamp(min=1e-300), (z - other).square().sum(1).mean(),
        (-2 * between).exp().mean().log(), z.shape[1] ** 0.5 * z.std(0).mean()])
    return dict(zip(("rank", "first", "alignment", "uniformity", "spread"), measures.tolist()))


def effective_rank(h: Tensor) -> Tensor:
    """Return the effective rank of features [n, d], between 1 and min(n, d)."""
    s = torch.linalg.svdvals(h)
    p = s / s.sum().clamp(min=1e-300)
    return (-(p * p.clamp(min=1e-300).log()).sum()).exp()


def neighbours(h: Tensor) -> Tensor:
    """Return the nearest other images of every image by its features [n, d], int64 [n, k]."""
    similar = (z := normalize(h.double())) @ z.T
    return similar.fill_diagonal_(-2).topk(min(NEIGHBOURS, len(h) - 1)).indices


def kept(now: Tensor, before: Tensor) -> float:
    """Return the part of the neighbours [n, k] that were neighbours before."""
    return float((now[:, :, None] == before[:, None]).any(2).double().mean())
