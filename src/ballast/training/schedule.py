"""Learning rate by iteration, linear warm-up then cosine (docs/methods/simclr.md#schedule), and counts of batches."""

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


def batch_count(images: int, batch: int) -> int:
    """Return the batches of an epoch; a last batch of a single image, which has no negatives, joins the one before."""
    return max(math.ceil(images / batch) - (images % batch == 1), 1)


def batches_per_epoch(images: int, extra: int, first_extra_epoch: int, epochs: int, batch: int) -> list[int]:
    """Return the exact number of batches of every epoch (docs/papers.md#schedule-length).

    ``extra`` images join from ``first_extra_epoch``, counted from 1, on.
    """
    sizes = [images + (extra if epoch >= first_extra_epoch else 0) for epoch in range(1, epochs + 1)]
    return [batch_count(size, batch) for size in sizes]


def matched_epochs(epochs: int, images: int, extra: int, batch: int) -> int:
    """Return in how many epochs on ``images`` alone there are as many updates as in ``epochs`` with ``extra`` ones."""
    return round(epochs * batch_count(images + extra, batch) / batch_count(images, batch))
