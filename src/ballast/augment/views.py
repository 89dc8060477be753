"""Augmentation of a whole batch on its device, every image with parameters of its own (methods.md 2.2).

Each function takes images [B, C, H, W] in [0, 1] and one parameter per image. None draws anything: the random
numbers come from ballast.augment.draws, so a batch is a pure function of its images and its rows of that table.
torchvision's batched transforms draw one parameter set per batch, which is wrong for contrastive views.
"""

import torch
from torch import Tensor

from ballast.augment.color import color_jitter, luma, per_image
from ballast.augment.draws import Draws
from ballast.augment.randaugment import randaugment


def augment(images: Tensor, draws: Draws, size: int) -> Tensor:
    """The view that ``draws`` (one row per image) describes. images uint8 [B, C, H, W] -> float [B, C, size, size].

    Order: crop and flip, colour jitter, grey, blur, RandAugment. Steps that the recipe never asks for cost nothing.
    Without boxes the images are crops already and of that size.
    """
    out = images.float().div_(255)
    if draws.box is None:
        out = torch.where(per_image(draws.flip), out.flip(3), out)
    else:
        out = resized_crop(out, draws.box, draws.flip, size).clamp_(0, 1)
    if draws.jitter is not None:
        out = color_jitter(out, draws.jitter, draws.blend_order, draws.hue_position)
    if draws.grey is not None and images.shape[1] == 3:
        out = torch.where(per_image(draws.grey), luma(out), out)
    if draws.blur is not None:
        out = gaussian_blur(out, draws.blur)
    if draws.operation is not None:
        out = randaugment(out, draws.operation, draws.value, draws.place)
    return out


def resized_crop(images: Tensor, box: Tensor, flip: Tensor, size: int) -> Tensor:
    """Cut box [B, 4] = (top, left, height, width), resize to size x size bicubically, mirror where flip [B] is True.

    A product with one sparse-looking matrix per axis: bicubic with a = -0.5 and antialiasing, as PIL does it.
    Pixels outside the image count as zero, so an unscaled box that overlaps the border is a padded crop.
    """
    rows = resize_matrix(box[:, 0], box[:, 2], images.shape[2], size)
    columns = resize_matrix(box[:, 1], box[:, 3], images.shape[3], size)
    columns = torch.where(flip[:, None, None], columns.flip(1), columns)
    return torch.einsum("bsh,bchw,btw->bcst", rows, images, columns)


def resize_matrix(start: Tensor, length: Tensor, source: int, target: int) -> Tensor:
    """Weights [B, target, source] that resample [start, start + length) of an axis to ``target`` pixels."""
    device = start.device
    scale = length / target
    centre = start[:, None] + (torch.arange(target, device=device) + 0.5) * scale[:, None]
    pixel = torch.arange(source, device=device) + 0.5
    weight = _bicubic((pixel - centre[:, :, None]) / scale.clamp(min=1.0)[:, None, None])
    inside = (pixel > start[:, None]) & (pixel < (start + length)[:, None])
    weight = weight * inside[:, None]
    return weight / weight.sum(2, keepdim=True).clamp(min=1e-6)


def gaussian_blur(images: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur with standard deviation sigma [B] in pixels, borders replicated; sigma 0 is the identity."""
    rows, columns = (_blur_matrix(sigma, side) for side in images.shape[2:])
    return torch.einsum("bsh,bchw,btw->bcst", rows, images, columns)


def _blur_matrix(sigma: Tensor, side: int) -> Tensor:
    """[B, side, side]; what a kernel has beyond the border goes to the border pixel."""
    place = torch.arange(side, device=sigma.device)
    half = torch.exp(-0.5 * (torch.arange(side + 1, device=sigma.device) / sigma.clamp(min=1e-3)[:, None]) ** 2)
    half = half / (2 * half.sum(1, keepdim=True) - 1)  # the kernel from its middle outwards
    matrix = half[:, (place[:, None] - place).abs()]
    beyond = half[:, 1:] @ (place[:, None] >= place).to(half.dtype)  # [B, side]: what lies further out than each place
    matrix[:, :, 0] += beyond
    matrix[:, :, -1] += beyond.flip(1)
    return matrix


def _bicubic(x: Tensor, a: float = -0.5) -> Tensor:
    x = x.abs()
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))
