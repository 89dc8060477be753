"""Guided contrastive loss L_GCL of the student.

    L = (1/2B) sum_v (1/|P|) sum_{p in P} w_vp [log(exp S_vp + sum_{n in N(v)} w_vn exp S_vn) - S_vp]

The positives P of a view v are its partner view and a view of one neighbour of its image in the guide's embedding. The
negatives N(v) are views of images that the guide calls unlike v's (ballast.ideas.guidance says which).
The weights come from the guide's cosines, each divided by its mean, so that w = 1 is the ablation without weights:
    linear:  attraction max(u_i.u_p, 0),       repulsion (1 - u_i.u_n) / 2
    exp:     attraction exp((u_i.u_p - 1)/t_w), repulsion exp(-u_i.u_n / t_w)
The formula is our interpretation of arXiv 2506.12698 (docs/methods/guided.md).
"""

import torch
from torch import Tensor


def guided_contrast(z: Tensor, z_neighbour: Tensor, z_negative: Tensor, temperature: float, w_pos: Tensor,
                    w_neg: Tensor) -> Tensor:
    """Return the scalar loss.

    Args:
        z: unit projections of all first views, then all second views, [2B, d].
        z_neighbour: unit projections of a view of each image's neighbour, [B, d].
        z_negative: unit projections of the negatives of all, [M, d]; they may be z itself.
        temperature: t.
        w_pos: weights of partner and neighbour, [2B, 2].
        w_neg: weights of the negatives, [2B, M]; 0 where a view is not a negative.
    """
    half = len(z) // 2
    partner = (z * z.roll(half, 0)).sum(1)
    neighbour = (z * z_neighbour.repeat(2, 1)).sum(1)
    positive = torch.stack([partner, neighbour], 1) / temperature
    log_negatives = (z @ z_negative.T / temperature + w_neg.clamp(min=1e-30).log()).logsumexp(1, keepdim=True)
    return (w_pos * (torch.logaddexp(positive, log_negatives) - positive)).mean()


def attraction(cosine: Tensor, form: str, temperature: float, threshold: float = -1.0) -> Tensor:
    """Return w_pos [B, 2] of the partner view, which counts 1 before the division by the mean, and of the neighbour.

    Args:
        cosine: the guide's, of each image and its neighbour, [B].
        form: linear, exp, or none, where all weights are 1.
        temperature: t_w.
        threshold: cosine below which the neighbour is no positive.
    """
    raw = {"linear": lambda: cosine.clamp(min=0), "exp": lambda: ((cosine - 1) / temperature).exp(),
           "none": lambda: torch.ones_like(cosine)}[form]() * (cosine >= threshold)
    raw = torch.stack([torch.ones_like(cosine), raw], 1)
    return raw / raw.mean(1, keepdim=True)


def repulsion(cosine: Tensor, negative: Tensor, form: str, temperature: float) -> Tensor:
    """Return w_neg [B, M], whose mean over the negatives of an image is 1.

    Args:
        cosine: the guide's, of each image and each image of the negatives, [B, M].
        negative: which are negatives of which, [B, M] bool.
        form: linear, exp, or none, where all weights are 1.
        temperature: t_w.
    """
    raw = {"linear": lambda: ((1 - cosine) / 2).clamp(min=0), "exp": lambda: (-cosine / temperature).exp(),
           "none": lambda: torch.ones_like(cosine)}[form]() * negative
    mean = raw.sum(1, keepdim=True) / negative.sum(1, keepdim=True).clamp(min=1)
    return raw / mean.clamp(min=1e-12)
