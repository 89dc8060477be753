"""Parts of an image file at the size the network sees: one decoding serves all the views of an image.

JPEG files go through libjpeg-turbo and torch's resampling of 8-bit pixels, twice as fast as Pillow's at 224 px;
everything else, and whatever these two do not like, through Pillow. What lies between is numpy, which keeps Python's
lock: a thread that gives it up for an instant waits long to have it back.
"""

import math
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate
from torchvision.io import decode_jpeg

from ballast.images.decode import read

COARSE = 0.25  # below this scale, decoding fewer pixels is faster than decoding them fast


def crops(path: str | Path, boxes: np.ndarray, height: int, width: int, size: int) -> np.ndarray:
    """uint8 [V, 3, size, size]: parts of an image of height x width pixels, resized bicubically with antialiasing.

    boxes [V, 4]: top, left, height, width in pixels, taken to whole ones. Raises DecodeError.
    """
    scale = size / boxes[:, 2:].min()
    image = _jpeg(path) if scale > COARSE else None
    if image is None:
        least = math.ceil(width * min(scale, 1)), math.ceil(height * min(scale, 1))
        image = np.array(read(path, least)[0]).transpose(2, 0, 1)
    y, x = image.shape[1] / height, image.shape[2] / width
    return np.stack([_resized(image, top * y, left * x, h * y, w * x, size) for top, left, h, w in boxes.tolist()])


def _resized(image: np.ndarray, top: float, left: float, height: float, width: float, size: int) -> np.ndarray:
    """One part of an image [3, H, W], at least a pixel of it."""
    first_row, first_column = (min(round(edge), side - 1) for edge, side in zip((top, left), image.shape[1:]))
    rows = slice(first_row, max(round(top + height), first_row + 1))
    columns = slice(first_column, max(round(left + width), first_column + 1))
    part = torch.from_numpy(image[None, :, rows, columns])
    return interpolate(part, (size, size), mode="bicubic", antialias=True).numpy()[0]


def _jpeg(path: str | Path) -> np.ndarray | None:
    """A JPEG file as it is seen, uint8 [3, H, W]; None for another file or an unusual one."""
    try:
        data = np.fromfile(path, np.uint8)
        if data[:2].tolist() != [0xFF, 0xD8]:
            return None
        image = decode_jpeg(torch.from_numpy(data), apply_exif_orientation=True).numpy()
    except (OSError, RuntimeError):  # missing, an array's row, damaged: read says what
        return None
    return image.repeat(3, 0) if len(image) == 1 else image if len(image) == 3 else None
