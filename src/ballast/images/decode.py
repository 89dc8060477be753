"""Image files of any kind to uint8 RGB pixels of one size, or the reason why not.

Grey, palette, CMYK, 16-bit and EXIF-rotated files become RGB as a person sees them; transparency is dropped. A path
``images.npy#7`` is image 7 of an array [N, H, W], [N, H, W, C] or [N, C, H, W], uint8.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")  # no format that runs a program or reads other files
MAX_PIXELS, MAX_BYTES, MIN_SIDE = 64_000_000, 256 << 20, 2
ORIENTATION = 0x0112  # EXIF


class DecodeError(Exception):
    """Why a file is no usable image, in a few words."""


class Decoded(NamedTuple):
    """One image: pixels uint8 [3, size, size] of its middle, and what the file holds, as it is seen."""

    pixels: np.ndarray
    width: int
    height: int


def decode(path: str | Path, size: int) -> Decoded:
    """The short side resized to ``size`` (bicubic), the middle of the long one."""
    image, width, height = read(path, (size, size))
    image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    return Decoded(np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)), width, height)


def read(path: str | Path, least: tuple[int, int] | None = None) -> tuple[Image.Image, int, int]:
    """An image as RGB, its width and its height; or DecodeError.

    least: a JPEG may come out smaller, its width and height not below these; the sizes returned are those of the file.
    """
    if ".npy#" in str(path):
        image = _image(array_row(path))
        return image, *image.size
    try:
        size = Path(path).stat().st_size
        if size == 0:
            raise DecodeError("empty file")
        if size > MAX_BYTES:
            raise DecodeError(f"{size >> 20} MiB, more than {MAX_BYTES >> 20}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are checked here, and of damaged metadata, unused
            with Image.open(path, formats=FORMATS) as image:
                return _decoded(image, least)
    except DecodeError:
        raise
    except Image.DecompressionBombError:
        raise DecodeError(f"more than {MAX_PIXELS // 1_000_000} million pixels") from None
    except UnidentifiedImageError:
        raise DecodeError(f"not an image ({', '.join(FORMATS)})") from None
    except FileNotFoundError:
        raise DecodeError("no such file") from None
    except Exception as error:  # decoders raise many kinds, on damaged files also of their own making
        raise DecodeError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from error


def _decoded(image: Image.Image, least: tuple[int, int] | None) -> tuple[Image.Image, int, int]:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise DecodeError(f"more than {MAX_PIXELS // 1_000_000} million pixels")
    if min(width, height) < MIN_SIDE:
        raise DecodeError(f"{width}x{height} pixels, too small")
    turned = image.getexif().get(ORIENTATION, 1) >= 5  # by 90 or 270 degrees
    if least:
        image.draft("RGB", least[::-1] if turned else least)
    return _to_rgb(ImageOps.exif_transpose(image)), *((height, width) if turned else (width, height))


def workers() -> int:
    """Threads that decode: one per CPU that this process may use; pixels do not depend on it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def decode_all(paths: Sequence[str | Path], size: int) -> Iterator[Decoded | DecodeError]:
    """Every file in turn, decoded by threads (decoders release Python's lock); a fault comes in place of an image."""
    def one(path: str | Path) -> Decoded | DecodeError:
        try:
            return decode(path, size)
        except DecodeError as fault:
            return fault

    with ThreadPoolExecutor(workers()) as threads:
        for start in range(0, len(paths), 1024):  # bounded, so that what waits to be taken stays small
            yield from threads.map(one, paths[start : start + 1024])


def array_row(path: str | Path) -> np.ndarray:
    """What the path ``images.npy#7`` means: row 7."""
    name, number = str(path).rsplit("#", 1)
    return open_array(name)[int(number)]


@lru_cache(maxsize=8)
def open_array(name: str) -> np.ndarray:
    """An array of images on disk, mapped."""
    return np.load(name, mmap_mode="r", allow_pickle=False)


def _image(pixels: np.ndarray) -> Image.Image:
    """[H, W], [H, W, C] or [C, H, W] as RGB."""
    if pixels.ndim == 3 and pixels.shape[2] not in (1, 3):
        pixels = pixels.transpose(1, 2, 0)
    return Image.fromarray(np.squeeze(pixels, 2) if pixels.shape[2:] == (1,) else pixels).convert("RGB")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":  # Pillow would clip 16 bits at 255
        values = np.asarray(image).astype(np.int64).clip(0, 65535)
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise DecodeError("pixels are floating-point numbers")
    return image.convert("RGB")
