"""Learning rate by iteration, linear warm-up then cosine (docs/methods/simclr.md#schedule)."""

import math

FLOOR = 1e-6


def warmup_cosine(step: int, lr: float, warmup: int, total: int) -> float:
    """Return the learning rate lr f(s) of iteration s, with warm-up W, total T and floor = 1e-6 / lr.

        f = s / W up to W, then floor + (1 - floor) (1 + cos(pi (s - W) / (T - W))) / 2
    """
    if step < warmup:
        return lr * step / warmup
    progress = (step - warmup) / max(total - warmup, 1)
    return FLOOR + (lr - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress))
