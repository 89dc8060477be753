"""Color of batched images [B, C, H, W] in [0, 1], with one parameter per image.

Each operation gives what torchvision's `adjust_brightness`, `adjust_contrast`, `adjust_saturation`, `adjust_hue` and
`rgb_to_grayscale` give for one image (SimCLR's color distortion: Chen et al., ICML 2020, appendix A).
"""

import torch
from torch import Tensor

from ballast.runtime.constants import constant, kind

GRAY_WEIGHTS = (0.2989, 0.587, 0.114)
BRIGHTNESS, CONTRAST, SATURATION = range(3)


def color_jitter(images: Tensor, jitter: Tensor, blend_order: Tensor, hue_position: Tensor) -> Tensor:
    """Change brightness, contrast, saturation and hue of every image in an order of its own.

    An operation outside of its turn runs with factor 1, the identity. So shapes are static, the device never waits, and
    the hue is shifted once. The factors 1, 1, 1, 0 leave an image as it is. One-channel images have no saturation and
    no hue.

    Args:
        images: [B, C, H, W] in [0, 1].
        jitter: [B, 4] factors of brightness, contrast and saturation, and the shift of the hue in turns.
        blend_order: int64 [B, 3], the order of brightness, contrast and saturation.
        hue_position: int64 [B], how many of these three come before the hue.
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
    """Return factor * image + (1 - factor) * base; by operation [B], base is black, the mean gray or the gray image."""
    gray = grayscale(images)
    base = torch.where(per_image(operation == CONTRAST), gray.mean((2, 3), keepdim=True), gray)
    base = torch.where(per_image(operation == BRIGHTNESS), 0.0, base)
    return torch.lerp(base, images, per_image(factor)).clamp(0, 1)


def grayscale(images: Tensor) -> Tensor:
    """Return the luminance [B, 1, H, W] of images; one-channel images stay as they are."""
    if images.shape[1] == 1:
        return images
    return torch.einsum("bchw,c->bhw", images, constant(GRAY_WEIGHTS, kind(images)))[:, None]


def shift_hue(images: Tensor, shift: Tensor) -> Tensor:
    """Rotate the hue of RGB images by shift [B] turns; HSV saturation and value stay."""
    value, brightest = images.max(1)
    chroma = value - images.amin(1)
    red, green, blue = images.unbind(1)
    safe = chroma.where(chroma > 0, 1.0)
    sextant = torch.where(brightest == 0, (green - blue) / safe,
                          torch.where(brightest == 1, 2 + (blue - red) / safe, 4 + (red - green) / safe))
    sextant = sextant + 6 * shift[:, None, None]
    # f(n) = V - C max(0, min(k, 4 - k, 1)), k = (n + H/60) mod 6, n = 5, 3, 1: HSV back to RGB without branches.
    offsets = constant((5.0, 3.0, 1.0), kind(images))[None, :, None, None]
    k = (offsets + sextant[:, None]) % 6
    return value[:, None] - chroma[:, None] * torch.minimum(k, 4 - k).clamp(0, 1)


def per_image(parameter: Tensor) -> Tensor:
    """Reshape one parameter per image [B] so that it broadcasts with [B, C, H, W]."""
    return parameter[:, None, None, None]
