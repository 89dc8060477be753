"""How many batches an epoch has, and which images are in them."""

import math

import torch
from torch import Tensor

from ballast.runtime.rng import generator


def batch_count(images: int, batch: int) -> int:
    """Return the batches of an epoch; a last batch of a single image, which has no negatives, joins the one before."""
    return max(math.ceil(images / batch) - (images % batch == 1), 1)


def batches_per_epoch(images: int, extra: int, first_extra_epoch: int, epochs: int, batch: int) -> list[int]:
    """Return the exact number of batches of every epoch (docs/papers.md#schedule-length).

    ``extra`` images join from ``first_extra_epoch``, counted from 1, on.
    """
    sizes = [images + (extra if epoch >= first_extra_epoch else 0) for epoch in range(1, epochs + 1)]
    return [batch_count(size, batch) for size in sizes]


def matched_epochs(epochs: int, images: int, extra: int, warmup: int, batch: int) -> int:
    """Return in how many epochs on ``images`` alone there are as many updates as with a pool.

    With a pool, ``extra`` images join after ``warmup`` of the ``epochs`` (docs/papers.md#matched-updates).
    """
    updates = sum(batches_per_epoch(images, extra, warmup + 1, epochs, batch))
    return round(updates / batch_count(images, batch))


def shuffled_batches(images: int, batch: int, seed: int, epoch: int) -> tuple[Tensor, ...]:
    """Return a fresh permutation of the images, in batches; a single image left over joins the last batch."""
    batches = torch.randperm(images, generator=generator(seed, "order", epoch)).split(batch)
    whole = batch_count(images, batch) - 1
    return *batches[:whole], torch.cat(batches[whole:])
