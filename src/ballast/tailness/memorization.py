"""BCL's memorization: an image whose loss stays high is badly remembered, and its augmentation becomes stronger.

    a_i = (m_i - mean m) / std m,  M_i = a_i / (2 max_j |a_j|) + 1/2

m_i is the momentum memory of image i's loss (ballast.tailness.memory), std the sample deviation.
Source: BCL (Zhou et al., ICML 2022; docs/methods/bcl.md).
"""

import torch
from torch import Tensor


def memorization(memory: Tensor) -> Tensor:
    """Return M [N] in [0, 1], of mean 1/2, from the remembered losses m [N]; 1/2 everywhere if all are equal."""
    a = memory - memory.mean()  # the deviation cancels in a / max |a|
    largest = a.abs().max()
    return torch.where(largest > 0, 0.5 * a / largest.clamp(min=torch.finfo(a.dtype).tiny) + 0.5, 0.5)
