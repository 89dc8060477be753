"""Embeddings of many images: evaluation mode, no gradient, batches divided among the ranks."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ballast.augment.draws import Draws, contrastive
from ballast.config.profile import Augment
from ballast.encoders.model import Model
from ballast.images.store import Store
from ballast.runtime.distributed import all_gather_rows, world_size
from ballast.runtime.philox import Stream
from ballast.runtime.ranks import rank

Drawing = Callable[[Tensor], Draws]  # rows [B] of a store -> the augmentation of each, [B, ...]


def augmentation(images: Store, augment: Augment, stream: Stream) -> Drawing:
    """Return the contrastive augmentation of the images of a store, one view of each."""
    def draw(rows: Tensor) -> Draws:
        rows = rows.to(images.draws_device, non_blocking=True)
        return contrastive(rows, range(1), *images.sides(rows), augment, stream).map(lambda column: column[:, 0])

    return draw


def embed(model: Model, images: Store, draw: Drawing | None = None) -> tuple[Tensor, Tensor]:
    """Return features h [N, d] and unit projections z [N, output] of N images, float32, on the images' device.

    ``draw`` gives the augmentation of the images of some rows, one each; without it the images stay un-augmented.
    """
    features, projections = (torch.cat(part) for part in zip(*blocks(model, images, draw)))
    return features, projections


def batch_size(device: torch.device) -> int:
    """Return the number of images to embed at a time; batches that fit into a CPU's cache are 1.5 times as fast."""
    return 128 if device.type == "cpu" else 1024


@torch.no_grad()
def blocks(model: Model, images: Store, draw: Drawing | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield features and projections as ``embed`` returns them, in blocks of consecutive images.

    The model returns to its mode at the end. Every rank embeds whole batches, so that the bits are those of one
    process, and receives the batches of all others.
    """
    training = model.training
    model.eval()
    batches = torch.arange(len(images)).split(batch_size(images.device))
    requests = ((index, None if draw is None else draw(index)) for index in batches[rank() :: world_size()])
    local = (model(views.to(memory_format=torch.channels_last)) for views in images.stream(requests))
    nothing = tuple(torch.empty(0, width, device=images.device) for width in model.widths)
    for start in range(0, len(batches), world_size()):
        counts = [len(index) for index in batches[start : start + world_size()]]
        counts += [0] * (world_size() - len(counts))
        parts = next(local) if counts[rank()] else nothing
        yield tuple(all_gather_rows(part.float(), counts) for part in parts)
    model.train(training)
