"""Images as one uint8 tensor on the device; the training loop needs no workers and no decoding."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from ballast.augment.draws import Draws
from ballast.augment.views import augment

Augmentation = Callable[[Tensor, Draws, int], Tensor]  # ballast.augment.views.augment, or a compiled one
Request = tuple[Tensor, Draws | None]  # rows of a store, one per view, and how to augment each; None: not at all


class Resident:
    """Images in memory.

    Args:
        images: uint8 [N, C, S, S] on the device.
        size: the side of the views in pixels; S where it is not given.
    """

    def __init__(self, images: Tensor, size: int | None = None) -> None:
        self.images = images
        self.size = size or images.shape[-1]
        self.short = images.shape[-1]
        self.channels = images.shape[1]
        self.device = images.device
        self.draws_device = images.device  # where augmentations are best drawn
        self.height, self.width = images.shape[2:]

    def __len__(self) -> int:
        return len(self.images)

    def sides(self, rows: Tensor) -> tuple[int, int]:
        """Return height and width in pixels of the images of some rows; here all have one size."""
        return self.height, self.width

    def to(self, device: torch.device) -> "Resident":
        """Return the images on another device."""
        return Resident(self.images.to(device), self.size)

    def take(self, rows: Tensor) -> "Resident":
        """Return the images of some rows, in their order."""
        return Resident(self.images[rows.to(self.device)], self.size)

    def join(self, other: "Resident") -> "Resident":
        """Append other images to these."""
        return Resident(torch.cat([self.images, other.images]), self.size)

    def views(self, rows: Tensor, draws: Draws | None = None, augment: Augmentation = augment) -> Tensor:
        """Return float views [R, C, size, size] in [0, 1]: image rows[r] by row r of ``draws``, or else its middle."""
        images = self.images[rows.to(self.device, non_blocking=True)]
        if draws is not None:
            return augment(images, draws.map(lambda column: column.to(self.device, non_blocking=True)), self.size)
        top = (self.height - self.size) // 2
        left = (self.width - self.size) // 2
        return images[:, :, top : top + self.size, left : left + self.size].float().div_(255)

    def stream(self, requests: Iterable[Request], augment: Augmentation = augment) -> Iterator[Tensor]:
        """Yield the ``views`` of every request in turn."""
        return (self.views(*request, augment) for request in requests)
