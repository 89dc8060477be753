"""Augmentation of a whole batch on its device, in which every image has parameters of its own.

Each function takes images [B, C, H, W] in [0, 1] and one parameter per image. None draws anything: the random numbers
come from ballast.augment.draws, so a batch is a pure function of its images and its draws. torchvision's batched
transforms draw one set of parameters per batch, but contrastive views need one per image.
"""

import torch
from torch import Tensor

from ballast.augment.color import color_jitter, grayscale, per_image
from ballast.augment.draws import Draws
from ballast.augment.randaugment import randaugment


def augment(images: Tensor, draws: Draws, size: int) -> Tensor:
    """Augment images: crop and flip, color jitter, gray, blur, RandAugment, in this order.

    Args:
        images: uint8 [B, C, H, W]. Where ``draws`` has no boxes, they are crops already and of the size asked for.
        draws: one row per image. A step that is None costs nothing.
        size: the side of the views in pixels.

    Returns:
        Views, float [B, C, size, size] in [0, 1].
    """
    out = images.float().div_(255)
    if draws.box is None:
        out = torch.where(per_image(draws.flip), out.flip(3), out)
    else:
        out = resized_crop(out, draws.box, draws.flip, size).clamp_(0, 1)
    if draws.jitter is not None:
        out = color_jitter(out, draws.jitter, draws.blend_order, draws.hue_position)
    if draws.gray is not None and images.shape[1] == 3:
        out = torch.where(per_image(draws.gray), grayscale(out), out)
    if draws.blur is not None:
        out = gaussian_blur(out, draws.blur)
    if draws.operation is not None:
        out = randaugment(out, draws.operation, draws.value, draws.place)
    return out


def resized_crop(images: Tensor, box: Tensor, flip: Tensor, size: int) -> Tensor:
    """Cut a box out of every image, resize it to size x size, and mirror it where ``flip`` is True.

    Each axis is resampled by one matrix product: bicubic with a = -0.5 and antialiasing, as PIL does it. Pixels outside
    of the image count as zero, so an unscaled box that overlaps the border is a padded crop.

    Args:
        images: [B, C, H, W].
        box: [B, 4]: top, left, height, width in pixels.
        flip: bool [B].
        size: the side of the result in pixels.
    """
    rows = resize_matrix(box[:, 0], box[:, 2], images.shape[2], size)
    columns = resize_matrix(box[:, 1], box[:, 3], images.shape[3], size)
    columns = torch.where(flip[:, None, None], columns.flip(1), columns)
    return torch.einsum("bsh,bchw,btw->bcst", rows, images, columns)


def resize_matrix(start: Tensor, length: Tensor, source: int, target: int) -> Tensor:
    """Return weights [B, target, source] that resample [start, start + length) of an axis to ``target`` pixels."""
    device = start.device
    scale = length / target
    centre = start[:, None] + (torch.arange(target, device=device) + 0.5) * scale[:, None]
    pixel = torch.arange(source, device=device) + 0.5
    weight = _bicubic((pixel - centre[:, :, None]) / scale.clamp(min=1.0)[:, None, None])
    inside = (pixel > start[:, None]) & (pixel < (start + length)[:, None])
    weight = weight * inside[:, None]
    return weight / weight.sum(2, keepdim=True).clamp(min=1e-6)


def gaussian_blur(images: Tensor, sigma: Tensor) -> Tensor:
    """Blur images by a Gaussian of standard deviation sigma [B] pixels, borders replicated; 0 leaves an image."""
    rows, columns = (_blur_matrix(sigma, side) for side in images.shape[2:])
    return torch.einsum("bsh,bchw,btw->bcst", rows, images, columns)


def _blur_matrix(sigma: Tensor, side: int) -> Tensor:
    """Return weights [B, side, side]; the border pixel gets the weight that a kernel has beyond the border."""
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
