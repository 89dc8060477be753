"""Random selection, the baseline of every other: a uniform subset of the pool, drawn once (docs/methods/random.md)."""

import torch
from torch import Generator, Tensor


def select(pool: int, budget: int, rng: Generator) -> Tensor:
    """Return ``budget`` distinct indices [budget] below ``pool``, the number of pool images."""
    return torch.randperm(pool, generator=rng)[:budget]
