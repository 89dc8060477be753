"""One number per image, smoothed over epochs: what COLT and BCL both keep (methods.md 1.3, 1.6)."""

import torch
from torch import Tensor


def remember(memory: Tensor, index: Tensor, value: Tensor, momentum: float) -> None:
    """Update memory [N] in place at index [B]: the value at the first visit (NaN before), a running mean after."""
    old = memory[index]
    memory[index] = torch.where(old.isnan(), value, momentum * old + (1 - momentum) * value)
