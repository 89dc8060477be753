"""Random numbers of augmentation: one table per epoch, which is a function of (seed, epoch, image, view).

A result therefore depends neither on the order of batches, nor on resuming, nor on the number of processes.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from ballast.augment.randaugment import draw_operations
from ballast.config.profile import Augment

ATTEMPTS = 10  # as torchvision's RandomResizedCrop, which then takes the centre


class Draws(NamedTuple):
    """Parameters of every image; a step that the augmentation leaves out is None."""

    box: Tensor | None  # [..., 4] float: top, left, height, width
    flip: Tensor  # [...] bool
    jitter: Tensor | None = None  # [..., 4] float: brightness, contrast, saturation factors; hue shift in turns
    blend_order: Tensor | None = None  # [..., 3] int64: order of the first three
    hue_position: Tensor | None = None  # [...] int64: how many of the three come before the hue
    gray: Tensor | None = None  # [...] bool
    blur: Tensor | None = None  # [...] float: standard deviation in pixels, 0 for none
    operation: Tensor | None = None  # [..., k] int64: RandAugment's operations, -1 for none
    value: Tensor | None = None  # [..., k] float: the value of each
    place: Tensor | None = None  # [..., k, 2] float: where a cutout is

    def map(self, function: Callable[[Tensor], Tensor]) -> "Draws":
        """Apply a function to every tensor of the table."""
        return Draws(*(None if column is None else function(column) for column in self))

    def views(self, first: int, end: int) -> "Draws":
        """Return the views ``first`` up to, not including, ``end`` of a table [rows, views]."""
        return self.map(lambda column: column[:, first:end])

    def rows(self, index: Tensor) -> "Draws":
        """Return the rows of images index [B] of a table [rows, views] as [views * B], all of view 1 first."""
        return self.map(lambda column: column[index].transpose(0, 1).flatten(0, 1))

    def join(self, other: "Draws") -> "Draws":
        """Append the rows of another table."""
        return Draws(*(None if column is None else torch.cat([column, more]) for column, more in zip(self, other)))


def contrastive(
    rows: int, views: int, height: int | Tensor, width: int | Tensor, augment: Augment, rng: Generator
) -> Draws:
    """Draw the augmentation of contrastive pre-training (SimCLR: Chen et al., ICML 2020, appendix A).

    Args:
        rows: the number of images.
        views: the number of views of each image.
        height, width: the size of the images in pixels, one number or one per image [rows].
        augment: ranges and probabilities (docs/methods/simclr.md).
        rng: where the random numbers come from.

    Returns:
        A table whose tensors are [rows, views, ...].
    """
    shape = (rows, views)
    draws = Draws(random_resized_crop(shape, height, width, augment.crop, rng), _chance(shape, augment.flip, rng))
    if any(augment.jitter):
        strength = torch.tensor(augment.jitter)
        factors = torch.tensor((1.0, 1.0, 1.0, 0.0)) + strength * (2 * torch.rand(*shape, 4, generator=rng) - 1)
        off = ~_chance(shape, augment.jitter_p, rng)
        factors[off] = torch.tensor((1.0, 1.0, 1.0, 0.0))
        draws = draws._replace(jitter=factors, blend_order=torch.rand(*shape, 3, generator=rng).argsort(-1),
                               hue_position=torch.randint(4, shape, generator=rng))
    if augment.gray:
        draws = draws._replace(gray=_chance(shape, augment.gray, rng))
    if augment.blur:
        low, high = augment.blur_sigma
        sigma = low + (high - low) * torch.rand(shape, generator=rng)
        draws = draws._replace(blur=sigma * _chance(shape, augment.blur, rng))
    return draws


def boosted(draws: Draws, memorization: Tensor, operations: int, rng: Generator) -> Draws:
    """Add BCL's RandAugment operations to a table (Zhou et al., ICML 2022; docs/methods/bcl.md).

    Args:
        draws: a table [rows, views].
        memorization: M [rows] in [0, 1]; it sets the probability and the strength of the operations.
        operations: the number of operations per view.
        rng: where the random numbers come from.
    """
    operation, value, place = draw_operations(memorization, draws.flip.shape[1], operations, rng)
    return draws._replace(operation=operation, value=value, place=place)


def labelled(
    rows: int, height: int | Tensor, width: int | Tensor, crop: int | list[float], flip: float, rng: Generator
) -> Draws:
    """Draw a crop and a flip per image, the augmentation of an evaluation that trains.

    Args:
        rows: the number of images.
        height, width: the size of the images in pixels, one number or one per image [rows].
        crop: a number of pixels is torchvision's RandomCrop with so much zero padding, for images of one size; the
            smallest and largest fraction of the area is RandomResizedCrop.
        flip: the probability of a flip.
        rng: where the random numbers come from.

    Returns:
        A table whose tensors are [rows, 1, ...].
    """
    shape = (rows, 1)
    if isinstance(crop, int):
        corner = torch.randint(-crop, crop + 1, (*shape, 2), generator=rng).float()
        box = torch.cat([corner, torch.tensor((height, width)).expand(*shape, 2)], -1)
    else:
        box = random_resized_crop(shape, height, width, crop, rng)
    return Draws(box, _chance(shape, flip, rng))


def random_resized_crop(
    shape: tuple[int, ...], height: int | Tensor, width: int | Tensor, scale: tuple[float, float], rng: Generator,
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Tensor:
    """Draw boxes by torchvision's rule: the first of ten (area, aspect ratio) that fits, or else the centre.

    Args:
        shape: the shape of the table.
        height, width: the size of the images in pixels, one number or one per entry of the first axis.
        scale: the smallest and largest fraction of the area.
        rng: where the random numbers come from.
        ratio: the smallest and largest aspect ratio.

    Returns:
        Boxes [*shape, 4]: top, left, height and width in pixels.
    """
    height, width = (torch.as_tensor(side).float().reshape(-1, *[1] * (len(shape) - 1)) for side in (height, width))
    fraction = scale[0] + (scale[1] - scale[0]) * torch.rand(*shape, ATTEMPTS, generator=rng)
    area = (height * width)[..., None] * fraction
    low, high = (math.log(bound) for bound in ratio)
    aspect = torch.exp(low + (high - low) * torch.rand(*shape, ATTEMPTS, generator=rng))
    w = torch.round(torch.sqrt(area * aspect))
    h = torch.round(torch.sqrt(area / aspect))
    fits = (w > 0) & (w <= width[..., None]) & (h > 0) & (h <= height[..., None])
    first = fits.int().argmax(-1, keepdim=True)
    whole_w = torch.minimum(width, torch.round(height * ratio[1]))
    whole_h = torch.minimum(height, torch.round(width / ratio[0]))
    any_fits = fits.any(-1)
    w = torch.where(any_fits, w.gather(-1, first).squeeze(-1), whole_w)
    h = torch.where(any_fits, h.gather(-1, first).squeeze(-1), whole_h)
    place = torch.rand(*shape, 2, generator=rng)
    top = torch.where(any_fits, torch.floor(place[..., 0] * (height - h + 1)), torch.floor((height - whole_h) / 2))
    left = torch.where(any_fits, torch.floor(place[..., 1] * (width - w + 1)), torch.floor((width - whole_w) / 2))
    return torch.stack([top, left, h, w], -1)


def _chance(shape: tuple[int, ...], probability: float, rng: Generator) -> Tensor:
    return torch.rand(shape, generator=rng) < probability
