"""BCL's tailness: images whose loss stays high are remembered badly, and are augmented more (methods.md 1.3).

    a_i = (m_i - mean m) / std m,  M_i = a_i / (2 max_j |a_j|) + 1/2
m is the momentum memory of the per-image loss, std the sample deviation.
"""

import torch
from torch import Tensor


def memorization(memory: Tensor) -> Tensor:
    """M [N] in [0, 1], mean 1/2, from the losses m [N]; 1/2 everywhere when all are equal."""
    a = memory - memory.mean()  # the deviation cancels in a / max |a|
    largest = a.abs().max()
    return torch.where(largest > 0, 0.5 * a / largest.clamp(min=torch.finfo(a.dtype).tiny) + 0.5, 0.5)
