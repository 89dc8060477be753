"""Embeddings of many images: evaluation mode, no gradient, batches divided among the ranks."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from ballast.augment.draws import Draws, contrastive
from ballast.config.profile import Augment
from ballast.encoders.model import Model
from ballast.images.store import Store
from ballast.runtime.distributed import all_gather_rows, summed, world_size
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


def blocks(model: Model, images: Store, draw: Drawing | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield features and projections as ``embed`` returns them, in blocks of consecutive images, on every rank."""
    every = batches(images)
    local = of_batches(model, images, every[rank() :: world_size()], draw)
    nothing = tuple(torch.empty(0, width, device=images.device) for width in model.widths)
    for start in range(0, len(every), world_size()):
        counts = [len(index) for index in every[start : start + world_size()]]
        counts += [0] * (world_size() - len(counts))
        parts = next(local)[1:] if counts[rank()] else nothing
        yield tuple(all_gather_rows(part, counts) for part in parts)
    local.close()


def batches(images: Store, first: int = 0, last: int | None = None) -> Sequence[Tensor]:
    """Return row numbers of the images from ``first`` to before ``last``, one batch after the other."""
    return torch.arange(first, len(images) if last is None else last).split(batch_size(images.device))


@torch.no_grad()
def of_batches(model: Model, images: Store, some: Sequence[Tensor], draw: Drawing | None = None
               ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield row numbers [B], features and projections of some batches; the model returns to its mode at the end.

    Ranks divide the work by whole batches, so that the bits are those of one process.
    """
    training = model.training
    model.eval()
    try:
        requests = ((index, None if draw is None else draw(index)) for index in some)
        for index, views in zip(some, images.stream(requests)):
            yield index, *(part.float() for part in model(views.to(memory_format=torch.channels_last)))
    finally:
        model.train(training)


def projections(model: Model, images: Store) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield row numbers [B] and unit projections [B, output] of the images that this rank embeds."""
    return ((index, z) for index, _, z in of_batches(model, images, batches(images)[rank() :: world_size()]))


def projections_of(model: Model, images: Store, chosen: Tensor) -> Tensor:
    """Return the projections [K, output] of chosen images as a pass over all images gives them, on every rank."""
    place = torch.full((len(images),), -1)
    place[chosen.cpu()] = torch.arange(len(chosen))
    found = torch.zeros(len(chosen), model.widths[1], device=images.device)
    for index, z in projections(model, images):
        mine = (place[index] >= 0).nonzero().squeeze(1)
        found[place[index[mine]].to(found.device)] = z[mine.to(z.device)]
    return summed(found)
