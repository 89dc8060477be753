"""Small constants on the device. Made anew in every step, each would let the host wait for the device."""

from functools import cache

import torch
from torch import Tensor

Kind = tuple[torch.dtype, torch.device]


def constant(values: tuple, like: Kind) -> Tensor:
    """Return a tensor of numbers that is copied to the device once; do not change it.

    Args:
        values: numbers, or tuples of numbers.
        like: type and device, as ``kind`` gives them.
    """
    if torch.compiler.is_compiling():  # the compiler writes the numbers into the code of the kernel
        return torch.tensor(values, dtype=like[0], device=like[1])
    return kept(values, like)


def kind(tensor: Tensor) -> Kind:
    """Return the type and the device of a tensor."""
    return tensor.dtype, tensor.device


@cache
def kept(values: tuple, like: Kind) -> Tensor:
    """Return the tensor that was made at the first call."""
    return torch.tensor(values, dtype=like[0], device=like[1])
