"""Distillation L_DL: the student keeps the guide's embedding geometry (methods.md 1.7; open, our reading).

    A_ij = softmax_j(u_i.u_j / t_d), B_ij = softmax_j(v_i.v_j / t_d) over j != i,  L = mean_i KL(A_i || B_i)
"""

import torch
from torch import Tensor

from ballast.losses.ntxent import similarities


def relational_kl(guide: Tensor, student: Tensor, temperature: float) -> Tensor:
    """Scalar KL between the similarity distributions of guide [B, d] and student [B, d'], unit vectors."""
    a, b = (similarities(z, temperature).log_softmax(1) for z in (guide, student))
    self_ = torch.eye(len(a), dtype=torch.bool, device=a.device)
    return (a.exp() * (a - b).masked_fill(self_, 0.0)).sum(1).mean()
