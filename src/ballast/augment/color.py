"""Colour of batched images [B, C, H, W] in [0, 1], one parameter per image (methods.md 2.2)."""

import torch
from torch import Tensor

LUMA = (0.2989, 0.587, 0.114)
BRIGHTNESS, CONTRAST, SATURATION = range(3)


def color_jitter(images: Tensor, jitter: Tensor, blend_order: Tensor, hue_position: Tensor) -> Tensor:
    """Brightness, contrast, saturation and hue by jitter [B, 4] in each image's own order.

    blend_order [B, 3] is the order of the first three, hue_position [B] how many of them come before the hue.
    Blends outside their turn run with factor 1, the identity: static shapes, no synchronisation, one hue step.
    Factors 1, 1, 1, 0 leave the image as it is. One-channel images have neither saturation nor hue.
    """
    factor = jitter[:, :3].gather(1, blend_order)
    if images.shape[1] == 1:
        for step in range(3):
            images = _blend(images, factor[:, step], blend_order[:, step])
        return images
    for step in range(3):
        before = torch.where(step < hue_position, factor[:, step], 1.0)
        images = _blend(images, before, blend_order[:, step])
    images = shift_hue(images, jitter[:, 3])
    for step in range(3):
        after = torch.where(step >= hue_position, factor[:, step], 1.0)
        images = _blend(images, after, blend_order[:, step])
    return images


def _blend(images: Tensor, factor: Tensor, operation: Tensor) -> Tensor:
    """factor * image + (1 - factor) * base; the base is black, the mean grey or the grey image by operation [B]."""
    grey = luma(images)
    base = torch.where(per_image(operation == CONTRAST), grey.mean((2, 3), keepdim=True), grey)
    base = torch.where(per_image(operation == BRIGHTNESS), 0.0, base)
    return torch.lerp(base, images, per_image(factor)).clamp(0, 1)


def luma(images: Tensor) -> Tensor:
    """Luminance [B, 1, H, W]; a one-channel image is its own."""
    if images.shape[1] == 1:
        return images
    weight = torch.tensor(LUMA, dtype=images.dtype, device=images.device)
    return torch.einsum("bchw,c->bhw", images, weight)[:, None]


def shift_hue(images: Tensor, shift: Tensor) -> Tensor:
    """Rotate the hue of RGB images by shift [B] turns at constant HSV saturation and value."""
    value, brightest = images.max(1)
    chroma = value - images.amin(1)
    red, green, blue = images.unbind(1)
    safe = chroma.where(chroma > 0, 1.0)
    sextant = torch.where(brightest == 0, (green - blue) / safe,
                          torch.where(brightest == 1, 2 + (blue - red) / safe, 4 + (red - green) / safe))
    sextant = sextant + 6 * shift[:, None, None]
    # f(n) = V - C max(0, min(k, 4 - k, 1)), k = (n + H/60) mod 6, n = 5, 3, 1: HSV back to RGB without branches.
    offsets = torch.tensor((5.0, 3.0, 1.0), device=images.device)[None, :, None, None]
    k = (offsets + sextant[:, None]) % 6
    return value[:, None] - chroma[:, None] * torch.minimum(k, 4 - k).clamp(0, 1)


def per_image(parameter: Tensor) -> Tensor:
    """One parameter per image [B], shaped to meet [B, C, H, W]."""
    return parameter[:, None, None, None]
