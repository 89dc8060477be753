"""Named random generators: each purpose has its own stream, so resuming and sharding cannot change a draw."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def seed_of(seed: int, *purpose: int | str) -> int:
    """Derive a 63-bit seed from the run's seed and a purpose, e.g. ``seed_of(1, "augment", epoch)``."""
    words = [seed]
    for part in purpose:
        words += [part] if isinstance(part, int) else list(part.encode())
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1)


def generator(seed: int, *purpose: int | str) -> "torch.Generator":
    """Return torch's generator for one purpose; it draws on the CPU, so every device gets the same numbers."""
    import torch  # here, because stages without a network must start quickly and draw by numpy

    return torch.Generator().manual_seed(seed_of(seed, *purpose))


def numpy_generator(seed: int, *purpose: int | str) -> np.random.Generator:
    """Return numpy's generator for one purpose."""
    return np.random.default_rng(seed_of(seed, *purpose))
