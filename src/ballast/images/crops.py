"""Crops of an image file at the size that the network sees; an image is decoded once for all its views.

JPEG files are decoded by libjpeg-turbo and resampled by torch's 8-bit kernel, at 224 pixels twice as fast as by Pillow.
Pillow decodes all other files, and those that libjpeg-turbo refuses. The steps in between are numpy, which keeps
Python's lock: a thread that releases it for an instant waits long to get it back.
"""

import math
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate

from ballast.images.address import Address
from ballast.images.decode import ROOM, read

COARSE = 0.25  # below this scale, decoding fewer pixels by Pillow is faster than decoding all of them by libjpeg-turbo


def crops(path: str | Path, boxes: np.ndarray, height: int, width: int, size: int) -> np.ndarray:
    """Cut crops out of an image and resize them bicubically with antialiasing.

    Args:
        path: an image file, or the address of a row of an array.
        boxes: [V, 4]: top, left, height and width in pixels, rounded to whole ones.
        height, width: the size of the image as it is seen, in pixels.
        size: the side of the crops in pixels.

    Returns:
        Crops, uint8 [V, 3, size, size].

    Raises:
        DecodeError: the image cannot be decoded.
    """
    with ExitStack() as held:
        return _cut(path, boxes, height, width, size, held)


def _cut(path: str | Path, boxes: np.ndarray, height: int, width: int, size: int, held: ExitStack) -> np.ndarray:
    """Do the work of ``crops``; the large image is gone when this returns, before its room is given back."""
    scale = size / boxes[:, 2:].min()
    image = _jpeg(path, held, height * width) if scale > COARSE else None
    if image is None:
        held.close()
        least = math.ceil(width * min(scale, 1)), math.ceil(height * min(scale, 1))
        image = np.array(read(path, least, held)[0]).transpose(2, 0, 1)
    y = image.shape[1] / height
    x = image.shape[2] / width
    return np.stack([_resized(image, top * y, left * x, h * y, w * x, size) for top, left, h, w in boxes.tolist()])


def _resized(image: np.ndarray, top: float, left: float, height: float, width: float, size: int) -> np.ndarray:
    """Resize a crop of at least one pixel of an image [3, H, W]."""
    first_row, first_column = (min(round(edge), side - 1) for edge, side in zip((top, left), image.shape[1:]))
    rows = slice(first_row, max(round(top + height), first_row + 1))
    columns = slice(first_column, max(round(left + width), first_column + 1))
    part = torch.from_numpy(image[None, :, rows, columns])
    return interpolate(part, (size, size), mode="bicubic", antialias=True).numpy()[0]


def _jpeg(path: str | Path, held: ExitStack, pixels: int) -> np.ndarray | None:
    """Decode a JPEG file as it is seen, uint8 [3, H, W]; None for any other file and for unusual ones.

    ``held`` keeps the room of its ``pixels``.
    """
    address = Address.parse(path)
    if address.is_pixels:
        return None
    try:
        data = address.content()
        if data[:2].tolist() != [0xFF, 0xD8]:
            return None
        from torchvision.io import decode_jpeg  # here, because images in memory need no torchvision

        held.enter_context(ROOM.of(pixels))
        image = decode_jpeg(torch.from_numpy(data), apply_exif_orientation=True).numpy()
    except (OSError, RuntimeError, ValueError, IndexError):  # missing or damaged: read() gives the reason
        return None
    return image.repeat(3, 0) if len(image) == 1 else image if len(image) == 3 else None
