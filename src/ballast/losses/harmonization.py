"""Geometric Harmonization: embeddings approach the vertices of a simplex, each as many as its estimated prior says.

    t_v  = (M z_v) / |M z_v|,  M = sqrt(K / (K - 1)) (I - 1 1^T / K) U     similarities to the K vertices
    Q(t) = diag(c) exp(t / l) diag(r)                                      surrogate labels of B views: c and r are such
                                                                           that rows sum to 1, columns to B pi
    L    = -(1/B) sum_i sum_k [Q(t1)_ik log softmax_k(t2_i / g) + Q(t2)_ik log softmax_k(t1_i / g)]

U has orthonormal rows. The released code draws them; here they are the first K axes, which costs no product, since the
last linear layer of the head can turn any others into these. l = 0.05, g = 0.1, and pi is the share of the images
nearest to each vertex (ballast.ideas.harmonization).
Source: Zhou et al., NeurIPS 2023 (docs/methods/harmonization.md); the released code has these constants.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

LABELS, PREDICTIONS = 0.05, 0.1  # l and g


def to_vertices(z: Tensor, k: int) -> Tensor:
    """Return t [..., K], unit vectors: the cosines of projections z [..., d], d >= K, to K vertices, scaled alike."""
    axes = z[..., :k]
    return normalize(axes - axes.mean(-1, keepdim=True), dim=-1)


@torch.no_grad()
def surrogate_labels(t: Tensor, prior: Tensor, iterations: int) -> Tensor:
    """Return Q [..., B, K] of similarities t [..., B, K]: Sinkhorn's iterations towards the prior pi [K]."""
    q = (t / LABELS).exp()
    c = torch.full_like(q[..., :1], 1 / q.shape[-2])
    for _ in range(iterations):
        r = prior[:, None] / (q.mT @ c)
        c = 1 / q.shape[-2] / (q @ r)
    return q.shape[-2] * c * q * r.mT


def harmonization(t1: Tensor, t2: Tensor, prior: Tensor, iterations: int) -> Tensor:
    """Return the scalar loss.

    Args:
        t1: similarities of the first views to the vertices, [B, K].
        t2: those of the second views.
        prior: pi [K], share of the images of each vertex; 0 where there are none.
        iterations: of Sinkhorn's algorithm.
    """
    t = torch.stack([t1, t2])
    labels = surrogate_labels(t, prior, iterations)
    return -(labels * (t.flip(0) / PREDICTIONS).log_softmax(-1)).sum(-1).mean(-1).sum()
