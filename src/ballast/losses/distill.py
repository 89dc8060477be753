"""Distillation loss L_DL: the student keeps the guide's embedding: its geometry, or its features one by one.

    geometry:  A_ij = softmax_j(u_i.u_j / t_d),  B_ij = softmax_j(v_i.v_j / t_d)  over j != i
               L = mean_i KL(A_i || B_i)
    features:  L = mean_i (1 - cos(f_i, g_i))

u are the guide's projections and v the student's; f and g are their features. The formulas are our interpretation of
arXiv 2506.12698 (docs/methods/guided.md).
"""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ballast.losses.ntxent import similarities


def relational_kl(guide: Tensor, student: Tensor, temperature: float) -> Tensor:
    """Return the scalar KL divergence of the student's similarities from the guide's.

    Args:
        guide: unit vectors u, [B, d].
        student: unit vectors v, [B, d']; the two lengths may differ.
        temperature: t_d.
    """
    log_a, log_b = (similarities(z, temperature).log_softmax(1) for z in (guide, student))
    diagonal = torch.eye(len(guide), dtype=torch.bool, device=guide.device)
    return (log_a.exp() * (log_a - log_b).masked_fill(diagonal, 0.0)).sum(1).mean()


def direct(guide: Tensor, student: Tensor) -> Tensor:
    """Return the scalar mean of 1 - cos over the features [B, D] of the guide and of the student."""
    return (1 - cosine_similarity(guide, student)).mean()
