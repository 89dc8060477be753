"""How many batches an epoch has, and which images are in them."""

import math

import torch
from torch import Tensor

from ballast.runtime.rng import generator


def batch_count(images: int, batch: int, pairs: int = 1) -> int:
    """Return the batches of an epoch; a last batch of a single image, which has no negatives, joins the one before.

    A batch of ``batch`` pairs of views has ``pairs`` of each image, and an epoch one image in ``pairs``.
    """
    images, batch = -(-images // pairs), batch // pairs
    return max(math.ceil(images / batch) - (images % batch == 1), 1)


def batches_per_epoch(images: int, extra: int, first_extra_epoch: int, epochs: int, batch: int, pairs: int = 1
                      ) -> list[int]:
    """Return the exact number of batches of every epoch (docs/papers.md#schedule-length).

    ``extra`` images join from ``first_extra_epoch``, counted from 1, on.
    """
    sizes = [images + (extra if epoch >= first_extra_epoch else 0) for epoch in range(1, epochs + 1)]
    return [batch_count(size, batch, pairs) for size in sizes]


def matched_epochs(epochs: int, images: int, extra: int, warmup: int, batch: int, pairs: int = 1) -> int:
    """Return in how many epochs on ``images`` alone there are as many updates as with a pool.

    With a pool, ``extra`` images join after ``warmup`` of the ``epochs`` (docs/papers.md#matched-updates).
    """
    updates = sum(batches_per_epoch(images, extra, warmup + 1, epochs, batch, pairs))
    return round(updates / batch_count(images, batch, pairs))


def shuffled_batches(images: int, batch: int, seed: int, epoch: int, pairs: int = 1) -> tuple[Tensor, ...]:
    """Return a fresh permutation of the images, in batches; a single image left over joins the last batch.

    With several pairs of views an epoch has a part of the permutation, which takes ``pairs`` epochs. Its images come
    ``pairs`` times in their batch, one after another; at the p-th time, from 0, the number of an image i is
    i + p * images.
    """
    cycle, part = divmod(epoch - 1, pairs)
    order = torch.randperm(images, generator=generator(seed, "order", cycle + 1))
    if pairs > 1:
        size = -(-images // pairs)
        order = order[torch.arange(part * size, (part + 1) * size) % images]
    batches = order.split(batch // pairs)
    whole = batch_count(images, batch, pairs) - 1
    batches = *batches[:whole], torch.cat(batches[whole:])
    if pairs == 1:
        return batches
    return tuple(torch.cat([index + turn * images for turn in range(pairs)]) for index in batches)
