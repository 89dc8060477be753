"""Image files that tests of several folders use."""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from ballast.sources.listing import Listing


def smooth(height: int, width: int) -> np.ndarray:
    """Make a picture uint8 [H, W, 3] whose pixels say where they are."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([255 * rows / height, 255 * columns / width, 0 * rows + 90], -1).astype(np.uint8)


def written(path: Path, image: Image.Image, **options: object) -> Path:
    """Save an image and return its path."""
    image.save(path, **options)
    return path


def bomb(side: int) -> bytes:
    """Make a PNG that claims to have side x side pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    parts = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(1000))),
             (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


def files(root: Path, count: int = 6, sides: tuple = ((40, 60), (48, 40), (64, 64))) -> Listing:
    """Write PNG files of several sizes; their blue channel tells their number."""
    root.mkdir(parents=True, exist_ok=True)
    names = []
    for number in range(count):
        names.append(f"{number}.png")
        picture = smooth(*sides[number % len(sides)])
        picture[..., 2] = 20 * number
        Image.fromarray(picture).save(root / names[-1])
    return Listing(str(root), names)
