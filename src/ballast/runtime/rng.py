"""Random generators as a function of what they are for, so that resume and sharding cannot change a draw."""

import numpy as np
import torch


def seed_of(seed: int, *purpose: int | str) -> int:
    """A 63-bit seed from the run's seed and what the numbers are for, e.g. ``seed_of(1, "augment", epoch)``."""
    words = [seed]
    for part in purpose:
        words += [part] if isinstance(part, int) else list(part.encode())
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1)


def generator(seed: int, *purpose: int | str) -> torch.Generator:
    """A CPU torch generator for one purpose; drawing on the CPU gives every device the same numbers."""
    return torch.Generator().manual_seed(seed_of(seed, *purpose))


def numpy_generator(seed: int, *purpose: int | str) -> np.random.Generator:
    """A numpy generator for one purpose."""
    return np.random.default_rng(seed_of(seed, *purpose))
