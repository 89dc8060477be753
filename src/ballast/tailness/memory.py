"""A memory of each image, smoothed over the epochs: COLT keeps densities in it, BCL losses.

    m_i = value at the first visit,  m_i <- beta m_i + (1 - beta) value at every later one

Sources: COLT (Bai et al., ICLR 2023; docs/methods/colt.md), BCL (Zhou et al., ICML 2022; docs/methods/bcl.md).
"""

import torch
from torch import Tensor


def remember(memory: Tensor, index: Tensor, value: Tensor, momentum: float, only_new: bool = False) -> None:
    """Update a memory in place.

    Args:
        memory: one number or one vector per image, [N] or [N, K]; nan before the image's first visit.
        index: the images visited, [B], each once.
        value: their new values, [B] or [B, K].
        momentum: beta.
        only_new: leave what is remembered as it is, and take the values of first visits alone.
    """
    old = memory[index]
    value = value.to(memory.dtype)
    changed = old if only_new else momentum * old + (1 - momentum) * value
    memory[index] = torch.where(old.isnan(), value, changed)


def momentum_for(momentum: float, meant_for: int, epochs: int) -> float:
    """Return beta^(E / epochs), which forgets over ``epochs`` as much as beta does over the E epochs it is meant for.

    0.97 remembers some 33 visits: 2 % of the papers' 2,000 epochs, and most of a short training. E = 0: beta itself.
    """
    return momentum ** (meant_for / epochs) if meant_for and epochs else momentum
