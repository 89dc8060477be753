"""The baseline of every selection: a uniform subset of the pool, drawn once (methods.md 1.4)."""

import torch
from torch import Generator, Tensor


def select(pool: int, budget: int, rng: Generator) -> Tensor:
    """``budget`` distinct indices below ``pool``."""
    return torch.randperm(pool, generator=rng)[:budget]
