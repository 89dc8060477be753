"""The random numbers of augmentation: one table per epoch, a function of (seed, epoch, image, view).

A result therefore depends neither on the order of the batches nor on resume nor on how many processes share them.
"""

import math
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from ballast.augment.randaugment import draw_operations

ATTEMPTS = 10  # torchvision's RandomResizedCrop gives up after as many and takes the centre


class Draws(NamedTuple):
    """Parameters per image; a step that the recipe leaves out is None."""

    box: Tensor | None  # [..., 4] float: top, left, height, width
    flip: Tensor  # [...] bool
    jitter: Tensor | None = None  # [..., 4] float: brightness, contrast, saturation factors; hue shift in turns
    blend_order: Tensor | None = None  # [..., 3] int64: order of the first three
    hue_position: Tensor | None = None  # [...] int64: how many of the three come before the hue
    grey: Tensor | None = None  # [...] bool
    blur: Tensor | None = None  # [...] float: standard deviation in pixels, 0 for none
    operation: Tensor | None = None  # [..., k] int64: RandAugment's operations, -1 for none
    value: Tensor | None = None  # [..., k] float: the value of each
    place: Tensor | None = None  # [..., k, 2] float: where a cutout is

    def map(self, function) -> "Draws":
        """Apply a function to every tensor of the table."""
        return Draws(*(None if column is None else function(column) for column in self))

    def views(self, first: int, end: int) -> "Draws":
        """The views ``first`` up to, not including, ``end`` of a table [rows, views]."""
        return self.map(lambda column: column[:, first:end])

    def rows(self, index: Tensor) -> "Draws":
        """The rows of some images: index [B] of a table [rows, views] gives [views * B], all of view 1 first."""
        return self.map(lambda column: column[index].transpose(0, 1).flatten(0, 1))

    def join(self, other: "Draws") -> "Draws":
        """These rows and the others after them."""
        return Draws(*(None if own is None else torch.cat([own, more]) for own, more in zip(self, other)))


def contrastive(
    rows: int, views: int, height: int | Tensor, width: int | Tensor, recipe: dict, rng: Generator
) -> Draws:
    """Draws of a contrastive pre-training recipe, each tensor [rows, views, ...]; height and width of every image.

    recipe: crop (smallest and largest share of the area), flip (probability), jitter (four strengths), jitter_p,
    grey (probability), blur (probability), blur_sigma (smallest and largest).
    """
    shape = (rows, views)
    draws = Draws(random_resized_crop(shape, height, width, recipe.crop, rng), _chance(shape, recipe.flip, rng))
    if any(recipe.jitter):
        strength = torch.tensor(recipe.jitter)
        factors = torch.tensor((1.0, 1.0, 1.0, 0.0)) + strength * (2 * torch.rand(*shape, 4, generator=rng) - 1)
        off = ~_chance(shape, recipe.jitter_p, rng)
        factors[off] = torch.tensor((1.0, 1.0, 1.0, 0.0))
        draws = draws._replace(jitter=factors, blend_order=torch.rand(*shape, 3, generator=rng).argsort(-1),
                               hue_position=torch.randint(4, shape, generator=rng))
    if recipe.gray:
        draws = draws._replace(grey=_chance(shape, recipe.gray, rng))
    if recipe.blur:
        low, high = recipe.blur_sigma
        sigma = low + (high - low) * torch.rand(shape, generator=rng)
        draws = draws._replace(blur=sigma * _chance(shape, recipe.blur, rng))
    return draws


def boosted(draws: Draws, memorization: Tensor, operations: int, rng: Generator) -> Draws:
    """The draws and, by BCL, RandAugment operations that follow each image's memorization M [rows]."""
    operation, value, place = draw_operations(memorization, draws.flip.shape[1], operations, rng)
    return draws._replace(operation=operation, value=value, place=place)


def labelled(
    rows: int, height: int | Tensor, width: int | Tensor, crop: int | list[float], flip: float, rng: Generator
) -> Draws:
    """Draws of an evaluation that trains: a crop and a flip, tensors [rows, 1, ...].

    crop: a number of pixels is RandomCrop with so much zero padding, for images of one size; [smallest, largest] shares
    are RandomResizedCrop.
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
    """Boxes [*shape, 4] by torchvision's rule: the first of ten (area, aspect) draws that fits, else the centre.

    height, width: of every image, one number or one per entry of the first axis.
    """
    height, width = (torch.as_tensor(side).float().reshape(-1, *[1] * (len(shape) - 1)) for side in (height, width))
    share = scale[0] + (scale[1] - scale[0]) * torch.rand(*shape, ATTEMPTS, generator=rng)
    area = (height * width)[..., None] * share
    low, high = math.log(ratio[0]), math.log(ratio[1])
    aspect = torch.exp(low + (high - low) * torch.rand(*shape, ATTEMPTS, generator=rng))
    w, h = torch.round(torch.sqrt(area * aspect)), torch.round(torch.sqrt(area / aspect))
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
