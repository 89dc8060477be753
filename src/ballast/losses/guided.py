"""Guided contrastive loss L_GCL of the student (methods.md 1.7; open in the paper, our reading).

    L = (1/2B) sum_v (1/|P|) sum_{p in P} w_vp [log(exp S_vp + sum_{n in N(v)} w_vn exp S_vn) - S_vp]

P of an anchor v: its partner view and a view of one guide neighbour. N(v): the other images of the batch whose guide
cluster is among the n_far clusters least similar to v's own. Weights come from the guide's cosines u_i.u_j:
attraction max(u_i.u_p, 0) and repulsion (1 - u_i.u_n)/2, each divided by its mean, so that w = 1 is the ablation.
"""

import torch
from torch import Tensor


def guided_contrast(z: Tensor, z_neighbour: Tensor, temperature: float, w_pos: Tensor, w_neg: Tensor) -> Tensor:
    """Scalar loss. z [2B, d] views, z_neighbour [B, d] a view of each image's drawn neighbour, unit vectors.

    w_pos [2B, 2] weighs partner and neighbour; w_neg [2B, 2B] weighs negatives and is 0 where v's are none.
    """
    half = len(z) // 2
    partner = (z * z.roll(half, 0)).sum(1)
    neighbour = (z * z_neighbour.repeat(2, 1)).sum(1)
    positive = torch.stack([partner, neighbour], 1) / temperature
    log_negative = (z @ z.T / temperature + w_neg.clamp(min=1e-30).log()).logsumexp(1, keepdim=True)
    return (w_pos * (torch.logaddexp(positive, log_negative) - positive)).mean()


def attraction(guide_cosine: Tensor) -> Tensor:
    """w_pos [2B, 2] from the guide's cosine [B] of each image and its neighbour; the partner view counts 1."""
    raw = torch.stack([torch.ones_like(guide_cosine), guide_cosine.clamp(min=0)], 1)
    return (raw / raw.mean(1, keepdim=True)).repeat(2, 1)


def repulsion(guide_cosine: Tensor, negative: Tensor) -> Tensor:
    """w_neg [2B, 2B] from the guide's cosines [B, B] and which images are negatives [B, B] bool; mean 1 per row."""
    raw = ((1 - guide_cosine) / 2).clamp(min=0) * negative
    mean = raw.sum(1, keepdim=True) / negative.sum(1, keepdim=True).clamp(min=1)
    return (raw / mean.clamp(min=1e-12)).repeat(2, 2)
