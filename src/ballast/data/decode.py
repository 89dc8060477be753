"""Image files of any kind to uint8 RGB pixels of one size, or the reason why not.

Grey, palette, CMYK, 16-bit and EXIF-rotated files become RGB as a person sees them; transparency is dropped.
"""

import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")  # no format that runs a program or reads other files
MAX_PIXELS, MAX_BYTES, MIN_SIDE = 64_000_000, 256 << 20, 2


class DecodeError(Exception):
    """Why a file is no usable image, in a few words."""


def decode(path: str | Path, size: int) -> np.ndarray:
    """uint8 [3, size, size]: the short side resized to ``size`` (bicubic), the middle of the long one."""
    image = read(path, draft=size)
    image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def read(path: str | Path, draft: int | None = None) -> Image.Image:
    """The whole image as RGB; with ``draft`` a JPEG may come out smaller, its sides not below that. Or DecodeError."""
    try:
        size = Path(path).stat().st_size
        if size == 0:
            raise DecodeError("empty file")
        if size > MAX_BYTES:
            raise DecodeError(f"{size >> 20} MiB, more than {MAX_BYTES >> 20}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are checked here, and of damaged metadata, unused
            with Image.open(path, formats=FORMATS) as image:
                _check_size(image)
                if draft:
                    image.draft("RGB", (draft, draft))
                return _to_rgb(ImageOps.exif_transpose(image))
    except DecodeError:
        raise
    except Image.DecompressionBombError:
        raise DecodeError(f"more than {MAX_PIXELS // 1_000_000} million pixels") from None
    except UnidentifiedImageError:
        raise DecodeError(f"not an image ({', '.join(FORMATS)})") from None
    except Exception as error:  # decoders raise many kinds, on damaged files also of their own making
        raise DecodeError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from error


def decode_all(paths: Sequence[str | Path], size: int, workers: int) -> Iterator[np.ndarray | DecodeError]:
    """Every file in turn, decoded by threads (decoders release Python's lock); a fault comes in place of an image."""
    def one(path: str | Path) -> np.ndarray | DecodeError:
        try:
            return decode(path, size)
        except DecodeError as fault:
            return fault

    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(paths), 1024):  # bounded, so that what waits to be taken stays small
            yield from pool.map(one, paths[start : start + 1024])


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise DecodeError(f"more than {MAX_PIXELS // 1_000_000} million pixels")
    if min(width, height) < MIN_SIDE:
        raise DecodeError(f"{width}x{height} pixels, too small")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":  # Pillow would clip 16 bits at 255
        values = np.asarray(image).astype(np.int64).clip(0, 65535)
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise DecodeError("pixels are floating-point numbers")
    return image.convert("RGB")
