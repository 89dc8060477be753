"""RandAugment with a probability and a strength per image, as BCL boosts its augmentation (methods.md 1.3).

Fifteen operations of the PIL kind, each computed for the whole batch and kept where an image drew it: static shapes, no
Python loop over images, no synchronisation. Geometry is nearest-neighbour with black borders, as PIL's default.
"""

import math

import torch
from torch import Generator, Tensor

from ballast.augment.color import luma, per_image

RANGES = {  # operation: value at strength 0 and at strength 30
    "shear_x": (0.0, 0.6), "shear_y": (0.0, 0.6), "translate_x": (0.0, 0.66), "translate_y": (0.0, 0.66),
    "rotate": (0.0, 60.0), "autocontrast": (0.0, 0.0), "invert": (0.0, 0.0), "equalize": (0.0, 0.0),
    "solarize": (0.0, 110.0), "posterize": (4.0, 8.0), "contrast": (0.1, 1.9), "color": (0.1, 1.9),
    "brightness": (0.1, 1.9), "sharpness": (0.1, 1.9), "cutout": (0.0, 0.4)}
NAMES = list(RANGES)
SIGNED = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
FILL = (125 / 255, 123 / 255, 114 / 255)


def draw_operations(memorization: Tensor, views: int, operations: int, rng: Generator) -> tuple[Tensor, ...]:
    """Operation int64, -1 for none, and value [N, views, k], and place [N, views, k, 2] in [0, 1) for cutout.

    memorization: M [N] in [0, 1], the probability of each of the k operations. Strength: 10 + 20 M for one operation,
    5 + 25 M U for more, with one U in [0, 1) per image and epoch (item D31).
    """
    shape = (len(memorization), views, operations)
    m = memorization[:, None, None]
    operation = torch.randint(len(NAMES), shape, generator=rng)
    skipped = torch.rand(shape, generator=rng) >= m
    scale = torch.rand(len(memorization), 1, 1, generator=rng)
    strength = 10 + 20 * m if operations == 1 else 5 + 25 * m * scale
    low, high = torch.tensor(list(RANGES.values())).unbind(1)
    value = low[operation] + strength / 30 * (high - low)[operation]
    mirrored = (operation < len(SIGNED)) & (torch.rand(shape, generator=rng) < 0.5)
    place = torch.rand(*shape, 2, generator=rng)
    return operation.masked_fill(skipped, -1), torch.where(mirrored, -value, value), place


def randaugment(images: Tensor, operation: Tensor, value: Tensor, place: Tensor) -> Tensor:
    """Apply to images [B, C, H, W] in [0, 1] the operations [B, k] in turn, with values [B, k] and places [B, k, 2]."""
    for step in range(operation.shape[1]):
        images = _one(images, operation[:, step], value[:, step], place[:, step])
    return images


def _one(images: Tensor, operation: Tensor, value: Tensor, place: Tensor) -> Tensor:
    def drew(*names: str) -> Tensor:
        return per_image(sum(operation == NAMES.index(name) for name in names) > 0)

    level = (255 * images).round()
    out = torch.where(drew(*SIGNED), affine(images, affine_matrix(operation, value, *images.shape[2:])), images)
    out = torch.where(drew("autocontrast"), autocontrast(images), out)
    out = torch.where(drew("equalize"), equalize(level), out)
    out = torch.where(drew("invert") | (drew("solarize") & (level >= per_image(value))), 1 - images, out)
    width = 2 ** (8 - per_image(value).clamp(4, 8).floor())
    out = torch.where(drew("posterize"), (level / width).floor() * width / 255, out)
    grey = luma(images)
    base = torch.where(drew("contrast"), grey.mean((2, 3), keepdim=True), 0.0)
    base = torch.where(drew("color"), grey, base)
    base = torch.where(drew("sharpness"), smooth(images), base)
    enhanced = torch.lerp(base, images, per_image(value)).clamp(0, 1)
    out = torch.where(drew("contrast", "color", "brightness", "sharpness"), enhanced, out)
    fill = images.new_tensor(FILL)[:, None, None]
    fill = fill if images.shape[1] == 3 else luma(fill[None])[0]
    return torch.where(drew("cutout") & hole(place, value, *images.shape[2:]), fill, out)


def affine_matrix(operation: Tensor, value: Tensor, height: int, width: int) -> Tensor:
    """[B, 2, 3] from output to input coordinates in pixels; the identity for operations without geometry."""
    def where(name: str, this: Tensor | float, other: float) -> Tensor:
        return torch.where(operation == NAMES.index(name), this, other)

    turn = where("rotate", -value * math.pi / 180, 0.0)
    cos, sin = turn.cos(), turn.sin()
    x, y = width / 2, height / 2
    return torch.stack([
        torch.stack([cos, sin + where("shear_x", value, 0.0),
                     x - cos * x - sin * y + where("translate_x", value * width, 0.0)], 1),
        torch.stack([-sin + where("shear_y", value, 0.0), cos,
                     y + sin * x - cos * y + where("translate_y", value * height, 0.0)], 1)], 1)


def affine(images: Tensor, matrix: Tensor) -> Tensor:
    """Nearest-neighbour resampling of [B, C, H, W] by [B, 2, 3]; what comes from outside is 0."""
    channels, height, width = images.shape[1:]
    y, x = torch.meshgrid(torch.arange(height, device=images.device) + 0.5,
                          torch.arange(width, device=images.device) + 0.5, indexing="ij")
    source = torch.einsum("bij,jhw->bihw", matrix, torch.stack([x, y, torch.ones_like(x)])).floor().long()
    column, row = source.unbind(1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    pixel = (row.clamp(0, height - 1) * width + column.clamp(0, width - 1)).flatten(1)
    found = images.flatten(2).gather(2, pixel[:, None].expand(-1, channels, -1))
    return found.view_as(images) * inside[:, None]


def autocontrast(images: Tensor) -> Tensor:
    """Stretch every channel to [0, 1]; a constant channel stays."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    return torch.where(high > low, (images - low) / (high - low).clamp(min=1e-6), images)


def equalize(level: Tensor) -> Tensor:
    """Flatten the histogram of every channel of ``level`` 0..255, by PIL's rule; the result is in [0, 1].

    A value's new level is (step // 2 + how many pixels are below) // step, step = (pixels - the brightest ones) // 255.
    """
    flat = level.contiguous().flatten(2)
    ordered = flat.sort(2).values.contiguous()
    below = torch.searchsorted(ordered, flat)
    step = torch.searchsorted(ordered, ordered[..., -1:].contiguous()) // 255
    flattened = ((step // 2 + below) // step.clamp(min=1)).clamp(max=255)
    return (torch.where(step > 0, flattened, flat) / 255).view_as(level)


def smooth(images: Tensor) -> Tensor:
    """PIL's SMOOTH filter, a 3x3 mean with weight 5 in the middle; border pixels stay."""
    inner = torch.nn.functional.avg_pool2d(images, 3, 1) * (9 / 13) + images[..., 1:-1, 1:-1] * (4 / 13)
    out = images.clone()
    out[..., 1:-1, 1:-1] = inner
    return out


def hole(place: Tensor, value: Tensor, height: int, width: int) -> Tensor:
    """[B, 1, H, W] bool: the square of ``value`` widths whose centre is at ``place`` [B, 2], cut at the borders."""
    side = value * width
    start = (place * place.new_tensor([height, width]) - side[:, None] / 2).clamp(min=0).floor()
    end = start + side[:, None]
    y, x = torch.arange(height, device=place.device), torch.arange(width, device=place.device)
    rows = (y >= start[:, :1]) & (y <= end[:, :1])
    columns = (x >= start[:, 1:]) & (x <= end[:, 1:])
    return (rows[:, :, None] & columns[:, None, :])[:, None]
