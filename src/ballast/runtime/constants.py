"""Small constants on the device. Made anew in every step, each would let the host wait for the device."""

from functools import cache

import torch
from torch import Tensor


@cache
def constant(values: tuple, like: tuple[torch.dtype, torch.device]) -> Tensor:
    """Return a tensor of numbers that is copied to the device once; do not change it.

    Args:
        values: numbers, or tuples of numbers.
        like: type and device, as ``kind`` gives them.
    """
    return torch.tensor(values, dtype=like[0], device=like[1])


def kind(tensor: Tensor) -> tuple[torch.dtype, torch.device]:
    """Return the type and the device of a tensor."""
    return tensor.dtype, tensor.device
