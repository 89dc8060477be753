"""RandAugment with a probability and a strength per image, BCL's memorization-boosted augmentation.

The idea is BCL's (Zhou et al., ICML 2022); the paper does not give the strengths, which are those of its code
(docs/methods/bcl.md, docs/papers.md#randaugment-strength).

Each of PIL's fifteen operations is computed for the whole batch and kept where an image drew it: shapes are static, no
Python loop runs over images, and the device never waits. Geometry is nearest-neighbour with black borders, as PIL's
default.
"""

import math

import torch
from torch import Tensor

from ballast.augment.color import grayscale, per_image
from ballast.runtime.constants import constant, kind
from ballast.runtime.philox import Stream

RANGES = {  # operation: value at strength 0 and at strength 30
    "shear_x": (0.0, 0.6), "shear_y": (0.0, 0.6), "translate_x": (0.0, 0.66), "translate_y": (0.0, 0.66),
    "rotate": (0.0, 60.0), "autocontrast": (0.0, 0.0), "invert": (0.0, 0.0), "equalize": (0.0, 0.0),
    "solarize": (0.0, 110.0), "posterize": (4.0, 8.0), "contrast": (0.1, 1.9), "color": (0.1, 1.9),
    "brightness": (0.1, 1.9), "sharpness": (0.1, 1.9), "cutout": (0.0, 0.4)}
NAMES = list(RANGES)
SIGNED = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
PER_OPERATION = 5  # random numbers: which one, whether at all, whether mirrored, and two of the place of a cutout
FILL = (125 / 255, 123 / 255, 114 / 255)


def draw_operations(images: Tensor, memorization: Tensor, views: range, operations: int, stream: Stream
                    ) -> tuple[Tensor, ...]:
    """Draw the operations of every view.

    The strength is 10 + 20 M for one operation, and 5 + 25 M U for more, with one U in [0, 1) per image and epoch
    (docs/papers.md#randaugment-strength).

    Args:
        images: the numbers of the images, int64 [n].
        memorization: M [n] in [0, 1], the probability of each operation.
        views: which views of each image.
        operations: the number of operations k per view.
        stream: the random numbers of this epoch.

    Returns:
        Operation int64 [n, views, k], -1 for none; value [n, views, k]; place [n, views, k, 2] in [0, 1), for cutout.
    """
    scale = stream.uniform(images, range(1), 1)  # the first number of the first view is the image's U
    u = stream.uniform(images, views, 1 + PER_OPERATION * operations)
    which, skip, mirror, top, left = u[..., 1:].unflatten(-1, (operations, PER_OPERATION)).unbind(-1)
    m = memorization[:, None, None]
    operation = (len(NAMES) * which).long()
    strength = 10 + 20 * m if operations == 1 else 5 + 25 * m * scale
    low, high = constant(tuple(RANGES.values()), kind(u)).unbind(1)
    value = low[operation] + strength / 30 * (high - low)[operation]
    mirrored = (operation < len(SIGNED)) & (mirror < 0.5)
    place = torch.stack([top, left], -1)
    return operation.masked_fill(skip >= m, -1), torch.where(mirrored, -value, value), place


def randaugment(images: Tensor, operation: Tensor, value: Tensor, place: Tensor) -> Tensor:
    """Apply k operations in turn to every image.

    Args:
        images: [B, C, H, W] in [0, 1].
        operation: int64 [B, k], positions in NAMES, -1 for none.
        value: [B, k], the value of each operation in the unit of RANGES.
        place: [B, k, 2] in [0, 1), the centre of a cutout.
    """
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
    gray = grayscale(images)
    base = torch.where(drew("contrast"), gray.mean((2, 3), keepdim=True), 0.0)
    base = torch.where(drew("color"), gray, base)
    base = torch.where(drew("sharpness"), smooth(images), base)
    enhanced = torch.lerp(base, images, per_image(value)).clamp(0, 1)
    out = torch.where(drew("contrast", "color", "brightness", "sharpness"), enhanced, out)
    fill = constant(FILL, kind(images))[:, None, None]
    fill = fill if images.shape[1] == 3 else grayscale(fill[None])[0]
    return torch.where(drew("cutout") & hole(place, value, *images.shape[2:]), fill, out)


def affine_matrix(operation: Tensor, value: Tensor, height: int, width: int) -> Tensor:
    """Return matrices [B, 2, 3] from output to input coordinates in pixels; the identity for other operations."""
    def where(name: str, this: Tensor | float, other: float) -> Tensor:
        return torch.where(operation == NAMES.index(name), this, other)

    turn = where("rotate", -value * math.pi / 180, 0.0)
    cos = turn.cos()
    sin = turn.sin()
    x = width / 2
    y = height / 2
    return torch.stack([
        torch.stack([cos, sin + where("shear_x", value, 0.0),
                     x - cos * x - sin * y + where("translate_x", value * width, 0.0)], 1),
        torch.stack([-sin + where("shear_y", value, 0.0), cos,
                     y + sin * x - cos * y + where("translate_y", value * height, 0.0)], 1)], 1)


def affine(images: Tensor, matrix: Tensor) -> Tensor:
    """Resample images [B, C, H, W] by matrices [B, 2, 3], nearest-neighbour; pixels from outside are 0."""
    channels, height, width = images.shape[1:]
    y, x = torch.meshgrid(torch.arange(height, device=images.device) + 0.5,
                          torch.arange(width, device=images.device) + 0.5, indexing="ij")
    source = torch.einsum("bij,jhw->bihw", matrix, torch.stack([x, y, torch.ones_like(x)])).floor().long()
    column, row = source.unbind(1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    pixel = (row.clamp(0, height - 1) * width + column.clamp(0, width - 1)).flatten(1)
    moved = images.flatten(2).gather(2, pixel[:, None].expand(-1, channels, -1))
    return moved.view_as(images) * inside[:, None]


def autocontrast(images: Tensor) -> Tensor:
    """Stretch every channel to [0, 1]; a constant channel stays."""
    low = images.amin((2, 3), keepdim=True)
    high = images.amax((2, 3), keepdim=True)
    return torch.where(high > low, (images - low) / (high - low).clamp(min=1e-6), images)


def equalize(level: Tensor) -> Tensor:
    """Equalize the histogram of every channel of ``level`` 0..255 by PIL's rule, to values in [0, 1].

    The new level of a value is (step // 2 + number of pixels below) // step, where step is the number of pixels that
    are not of the brightest value, divided by 255.
    """
    flat = level.contiguous().flatten(2)
    ordered = flat.sort(2).values.contiguous()
    below = torch.searchsorted(ordered, flat)
    step = torch.searchsorted(ordered, ordered[..., -1:].contiguous()) // 255
    flattened = ((step // 2 + below) // step.clamp(min=1)).clamp(max=255)
    return (torch.where(step > 0, flattened, flat) / 255).view_as(level)


def smooth(images: Tensor) -> Tensor:
    """Apply PIL's SMOOTH filter, a 3x3 mean with weight 5 in the middle; border pixels stay."""
    inner = torch.nn.functional.avg_pool2d(images, 3, 1) * (9 / 13) + images[..., 1:-1, 1:-1] * (4 / 13)
    out = images.clone()
    out[..., 1:-1, 1:-1] = inner
    return out


def hole(place: Tensor, value: Tensor, height: int, width: int) -> Tensor:
    """Return where the cutout is, bool [B, 1, H, W]: a square of ``value`` [B] widths around ``place`` [B, 2]."""
    side = value * width
    start = (place * constant((height, width), kind(place)) - side[:, None] / 2).clamp(min=0).floor()
    end = start + side[:, None]
    y = torch.arange(height, device=place.device)
    x = torch.arange(width, device=place.device)
    rows = (y >= start[:, :1]) & (y <= end[:, :1])
    columns = (x >= start[:, 1:]) & (x <= end[:, 1:])
    return (rows[:, :, None] & columns[:, None, :])[:, None]
