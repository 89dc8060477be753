"""Random numbers of augmentation: a function of (seed, purpose, epoch, image, view), drawn for the images at hand.

A result therefore depends neither on the order of images, nor on resuming, nor on the number of processes or devices,
and no table of a whole pool is ever held.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ballast.augment.randaugment import draw_operations
from ballast.config.profile import Augment
from ballast.runtime.constants import constant, kind
from ballast.runtime.philox import Stream

ATTEMPTS = 10  # as torchvision's RandomResizedCrop, which then takes the centre
# Where a view's random numbers are in its stream: what one step draws does not depend on what others do.
AREA, ASPECT, PLACE = slice(0, 10), slice(10, 20), slice(20, 22)
FLIP, JITTER, JITTER_ON, ORDER, HUE_POSITION = 22, slice(23, 27), 27, slice(28, 31), 31
GRAY, SIGMA, BLUR = 32, 33, 34
FOR_CROPS, FOR_COLORS = 23, 35  # numbers per view


class Draws(NamedTuple):
    """Parameters of every view, [images, views, ...] as drawn; a step that the augmentation leaves out is None."""

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
        """Apply a function to every tensor."""
        return Draws(*(None if column is None else function(column) for column in self))

    def rows(self, index: Tensor) -> "Draws":
        """Return some rows [B] of draws [images, views] as [views * B], all of view 1 first."""
        return self.map(lambda column: column[index].transpose(0, 1).flatten(0, 1))

    def join(self, other: "Draws") -> "Draws":
        """Append the rows of other draws."""
        return Draws(*(None if column is None else torch.cat([column, more]) for column, more in zip(self, other)))


def contrastive(
    images: Tensor, views: range, height: int | Tensor, width: int | Tensor, augment: Augment, stream: Stream
) -> Draws:
    """Draw the augmentation of contrastive pre-training (SimCLR: Chen et al., ICML 2020, appendix A).

    Args:
        images: the numbers of the images, int64 [n]; what is drawn is on their device.
        views: which views of each image.
        height, width: the size of the images in pixels, one number or one per image [n].
        augment: ranges and probabilities (docs/methods/simclr.md).
        stream: the random numbers of this epoch.

    Returns:
        Draws whose tensors are [n, views, ...].
    """
    u = stream.uniform(images, views, FOR_COLORS)
    draws = Draws(random_resized_crop(u, height, width, augment.crop), u[..., FLIP] < augment.flip)
    if any(augment.jitter):
        middle, strength = constant(((1.0, 1.0, 1.0, 0.0), tuple(augment.jitter)), kind(u))
        factors = middle + strength * (2 * u[..., JITTER] - 1)
        factors = torch.where(u[..., JITTER_ON, None] < augment.jitter_p, factors, middle)
        draws = draws._replace(jitter=factors, blend_order=u[..., ORDER].argsort(dim=-1, stable=True),
                               hue_position=(4 * u[..., HUE_POSITION]).long())
    if augment.gray:
        draws = draws._replace(gray=u[..., GRAY] < augment.gray)
    if augment.blur:
        low, high = augment.blur_sigma
        sigma = low + (high - low) * u[..., SIGMA]
        draws = draws._replace(blur=sigma * (u[..., BLUR] < augment.blur))
    return draws


def boosted(
    draws: Draws, images: Tensor, views: range, memorization: Tensor, operations: int, stream: Stream
) -> Draws:
    """Add BCL's RandAugment operations (Zhou et al., ICML 2022; docs/methods/bcl.md).

    Args:
        draws: of some views of images, [n, views, ...].
        images: the numbers of the images, int64 [n].
        views: which views they are.
        memorization: M [n] in [0, 1]; it sets the probability and the strength of the operations.
        operations: the number of operations per view.
        stream: the random numbers of this epoch.
    """
    operation, value, place = draw_operations(images, memorization, views, operations, stream)
    return draws._replace(operation=operation, value=value, place=place)


def labelled(
    images: Tensor, height: int | Tensor, width: int | Tensor, crop: int | list[float], flip: float, stream: Stream
) -> Draws:
    """Draw a crop and a flip per image, the augmentation of an evaluation that trains.

    Args:
        images: the numbers of the images, int64 [n].
        height, width: the size of the images in pixels, one number or one per image [n].
        crop: a number of pixels is torchvision's RandomCrop with so much zero padding, for images of one size; the
            smallest and largest fraction of the area is RandomResizedCrop.
        flip: the probability of a flip.
        stream: the random numbers of this pass.

    Returns:
        Draws whose tensors are [n, 1, ...].
    """
    u = stream.uniform(images, range(1), FOR_CROPS)
    if isinstance(crop, int):
        corner = torch.floor((2 * crop + 1) * u[..., PLACE]) - crop
        box = torch.cat([corner, constant((height, width), kind(corner)).expand_as(corner)], -1)
    else:
        box = random_resized_crop(u, height, width, crop)
    return Draws(box, u[..., FLIP] < flip)


def random_resized_crop(
    u: Tensor, height: int | Tensor, width: int | Tensor, scale: tuple[float, float],
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Tensor:
    """Return boxes by torchvision's rule: the first of ten (area, aspect ratio) that fits, or else the centre.

    Args:
        u: random numbers in [0, 1) of every view, [n, views, at least FOR_CROPS].
        height, width: the size of the images in pixels, one number or one per image [n].
        scale: the smallest and largest fraction of the area.
        ratio: the smallest and largest aspect ratio.

    Returns:
        Boxes [n, views, 4]: top, left, height and width in pixels.
    """
    height, width = (side.float().reshape(-1, 1) if isinstance(side, Tensor) else u.new_full((1, 1), side)
                     for side in (height, width))
    area = (height * width)[..., None] * (scale[0] + (scale[1] - scale[0]) * u[..., AREA])
    low, high = (math.log(bound) for bound in ratio)
    aspect = torch.exp(low + (high - low) * u[..., ASPECT])
    w = torch.round(torch.sqrt(area * aspect))
    h = torch.round(torch.sqrt(area / aspect))
    fits = (w > 0) & (w <= width[..., None]) & (h > 0) & (h <= height[..., None])
    first = fits.int().argmax(-1, keepdim=True)
    whole_w = torch.minimum(width, torch.round(height * ratio[1]))
    whole_h = torch.minimum(height, torch.round(width / ratio[0]))
    any_fits = fits.any(-1)
    w = torch.where(any_fits, w.gather(-1, first).squeeze(-1), whole_w)
    h = torch.where(any_fits, h.gather(-1, first).squeeze(-1), whole_h)
    place = u[..., PLACE]
    top = torch.where(any_fits, torch.floor(place[..., 0] * (height - h + 1)), torch.floor((height - whole_h) / 2))
    left = torch.where(any_fits, torch.floor(place[..., 1] * (width - w + 1)), torch.floor((width - whole_w) / 2))
    return torch.stack([top, left, h, w], -1)
