"""Crops of JPEG files that the GPU decodes, by nvJPEG through torchvision.

Its pixels differ from libjpeg-turbo's by a level or two, so it is a parameter (``network.decode``). What it cannot
decode as a person sees it, the CPU decodes: other formats, rows of arrays, files that EXIF rotates.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn.functional import interpolate

from ballast.images.address import Address
from ballast.images.decode import ORIENTATION


class Encoded(NamedTuple):
    """A JPEG file that waits for the GPU."""

    data: Tensor  # its bytes
    row: int  # of the store
    views: np.ndarray  # rows of the request that show it


def encoded(path: str | Path) -> Tensor | None:
    """Return the bytes of a JPEG file that the GPU may decode; None for anything else."""
    address = Address.parse(path)
    if address.is_pixels:
        return None
    try:
        with Image.open(address.opened(), formats=("JPEG",)) as image:
            if image.mode not in ("RGB", "L") or image.getexif().get(ORIENTATION, 1) != 1:
                return None
        return torch.from_numpy(address.content())
    except (OSError, ValueError, IndexError, UnidentifiedImageError):  # the CPU's decoder gives the reason
        return None


def decoded(data: list[Tensor], device: torch.device) -> list[Tensor] | None:
    """Return the pixels uint8 [3, H, W] of JPEG files on the device; None where one of them is damaged or unusual."""
    from torchvision.io import ImageReadMode, decode_jpeg  # here, because images in memory need no torchvision

    try:
        return decode_jpeg(data, mode=ImageReadMode.RGB, device=device)
    except RuntimeError:
        return None


def cut(image: Tensor, boxes: np.ndarray, size: int) -> Tensor:
    """Cut boxes [V, 4] out of an image [3, H, W] and resize them bicubically with antialiasing: uint8 [V, 3, S, S].

    boxes: top, left, height and width in pixels of the image, rounded to whole ones.
    """
    crops = []
    for top, left, height, width in boxes.tolist():
        row, column = (min(round(edge), side - 1) for edge, side in zip((top, left), image.shape[1:]))
        part = image[:, row : max(round(top + height), row + 1), column : max(round(left + width), column + 1)]
        crops.append(interpolate(part[None].float(), (size, size), mode="bicubic", antialias=True)[0])
    return torch.stack(crops).round_().clamp_(0, 255).to(torch.uint8)
