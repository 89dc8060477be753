"""Images as one uint8 tensor on the device: no worker, no decoding in the loop."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from ballast.augment.draws import Draws
from ballast.augment.views import augment

Request = tuple[Tensor, Draws | None]  # rows of a store, one per view, and how each is augmented; None: not at all


class Resident:
    """Images uint8 [N, C, S, S] on the device; what is seen is size x size."""

    def __init__(self, images: Tensor, size: int | None = None) -> None:
        self.images, self.size, self.short = images, size or images.shape[-1], images.shape[-1]
        self.channels, self.device = images.shape[1], images.device
        self.draws_device = self.device  # where tables of draws are best kept
        self.height, self.width = images.shape[2:]

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device) -> "Resident":
        return Resident(self.images.to(device), self.size)

    def take(self, rows: Tensor) -> "Resident":
        """The images of some rows, in their order."""
        return Resident(self.images[rows.to(self.device)], self.size)

    def join(self, other: "Resident") -> "Resident":
        """These images and the others after them."""
        return Resident(torch.cat([self.images, other.images]), self.size)

    def views(self, rows: Tensor, draws: Draws | None = None) -> Tensor:
        """Float [R, C, size, size] in [0, 1]: image rows[r] as row r of ``draws`` describes it, or its middle."""
        images = self.images[rows.to(self.device, non_blocking=True)]
        if draws is not None:
            return augment(images, draws.map(lambda column: column.to(self.device, non_blocking=True)), self.size)
        top, left = (self.height - self.size) // 2, (self.width - self.size) // 2
        return images[:, :, top : top + self.size, left : left + self.size].float().div_(255)

    def stream(self, requests: Iterable[Request]) -> Iterator[Tensor]:
        """``views`` of every request in turn."""
        return (self.views(*request) for request in requests)
