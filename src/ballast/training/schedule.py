"""Learning rate by iteration: linear warm-up, then cosine to 1e-6 (methods.md 1.1)."""

import math

FLOOR = 1e-6


def warmup_cosine(step: int, lr: float, warmup: int, total: int) -> float:
    """lr f(s): f = s / W up to W, then floor + (1 - floor) (1 + cos(pi (s - W) / (T - W))) / 2, floor = 1e-6 / lr."""
    if step < warmup:
        return lr * step / warmup
    share = (step - warmup) / max(total - warmup, 1)
    return FLOOR + (lr - FLOOR) * 0.5 * (1 + math.cos(math.pi * share))


def batch_count(images: int, batch: int) -> int:
    """Batches of an epoch; a last batch of a single image, which has no negatives, joins the one before."""
    return max(math.ceil(images / batch) - (images % batch == 1), 1)


def batches_per_epoch(images: int, extra: int, first_extra_epoch: int, epochs: int, batch: int) -> list[int]:
    """Exact number of batches of every epoch (D18); ``extra`` images join from ``first_extra_epoch`` (1-based) on."""
    sizes = [images + (extra if epoch >= first_extra_epoch else 0) for epoch in range(1, epochs + 1)]
    return [batch_count(size, batch) for size in sizes]


def resampling_epochs(epochs: int, warmup: int, every: int) -> list[int]:
    """1-based epochs at whose start the pool is sampled: e - 1 >= warmup and (e - 1 - warmup) mod r = 0."""
    return list(range(warmup + 1, epochs + 1, every))
