"""Embeddings of many images: evaluation mode, large batches shared by the ranks, no gradient."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ballast.augment.draws import Draws
from ballast.encoders.model import Model
from ballast.images.store import Store
from ballast.runtime.distributed import gathered, rank, world


def embed(model: Model, images: Store, draws: Draws | None = None) -> tuple[Tensor, Tensor]:
    """Features h [N, d] and unit projections z [N, output] of N images, in float32, on the images' device.

    draws: one augmentation per image, [N, 1, ...]; without it the images are taken as they are.
    """
    features, projections = (torch.cat(part) for part in zip(*blocks(model, images, draws)))
    return features, projections


def batch_size(device: torch.device) -> int:
    """Images embedded at a time. What stays in the cache of a CPU is embedded half as fast again as 1024 at a time."""
    return 128 if device.type == "cpu" else 1024


@torch.no_grad()
def blocks(model: Model, images: Store, draws: Draws | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """The same in blocks of consecutive images; the model is left in the mode in which it came.

    Every rank embeds whole batches, which gives the bits of one process, and has all of them in the end.
    """
    training = model.training
    model.eval()
    batches = torch.arange(len(images)).split(batch_size(images.device))
    requests = ((index, None if draws is None else draws.rows(index)) for index in batches[rank() :: world()])
    own = (model(views.to(memory_format=torch.channels_last)) for views in images.stream(requests))
    nothing = tuple(torch.empty(0, width, device=images.device) for width in model.widths)
    for start in range(0, len(batches), world()):
        counts = [len(index) for index in batches[start : start + world()]]
        counts += [0] * (world() - len(counts))
        mine = next(own) if counts[rank()] else nothing
        yield tuple(gathered(part.float(), counts) for part in mine)
    model.train(training)
