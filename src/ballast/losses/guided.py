"""Guided contrastive loss L_GCL of the student.

    L = (1/2B) sum_v (1/|P|) sum_{p in P} w_vp [log(exp S_vp + sum_{n in N(v)} w_vn exp S_vn) - S_vp]

The positives P of a view v are its partner view and a view of one neighbour of its image in the guide's embedding.
The negatives N(v) are the views of other images whose guide cluster is among the n_far clusters least similar to v's.
The weights come from the guide's cosines: attraction max(u_i.u_p, 0) and repulsion (1 - u_i.u_n)/2, each divided by
its mean, so that w = 1 is the ablation without weights.
The formula is our interpretation of arXiv 2506.12698 (docs/methods/guided.md).
"""

import torch
from torch import Tensor


def guided_contrast(z: Tensor, z_neighbour: Tensor, temperature: float, w_pos: Tensor, w_neg: Tensor) -> Tensor:
    """Return the scalar loss.

    Args:
        z: unit projections of all first views, then all second views, [2B, d].
        z_neighbour: unit projections of a view of each image's neighbour, [B, d].
        temperature: t.
        w_pos: weights of partner and neighbour, [2B, 2].
        w_neg: weights of the negatives, [2B, 2B]; 0 where a view is not a negative.
    """
    half = len(z) // 2
    partner = (z * z.roll(half, 0)).sum(1)
    neighbour = (z * z_neighbour.repeat(2, 1)).sum(1)
    positive = torch.stack([partner, neighbour], 1) / temperature
    log_negatives = (z @ z.T / temperature + w_neg.clamp(min=1e-30).log()).logsumexp(1, keepdim=True)
    return (w_pos * (torch.logaddexp(positive, log_negatives) - positive)).mean()


def attraction(guide_cosine: Tensor) -> Tensor:
    """Return w_pos [2B, 2] from the guide's cosine [B] of each image and its neighbour; the partner view counts 1."""
    raw = torch.stack([torch.ones_like(guide_cosine), guide_cosine.clamp(min=0)], 1)
    return (raw / raw.mean(1, keepdim=True)).repeat(2, 1)


def repulsion(guide_cosine: Tensor, negative: Tensor) -> Tensor:
    """Return w_neg [2B, 2B], whose mean over the negatives of a view is 1.

    Args:
        guide_cosine: the guide's cosine of every two images of the batch, [B, B].
        negative: which images are negatives of which, [B, B] bool.
    """
    raw = ((1 - guide_cosine) / 2).clamp(min=0) * negative
    mean = raw.sum(1, keepdim=True) / negative.sum(1, keepdim=True).clamp(min=1)
    return (raw / mean.clamp(min=1e-12)).repeat(2, 2)
