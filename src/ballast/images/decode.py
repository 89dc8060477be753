"""Decoding of image files to uint8 RGB pixels of one size, or the reason why it fails.

Gray, palette, CMYK, 16-bit and EXIF-rotated files become RGB as a person sees them; transparency is dropped. Images
are named by their addresses (ballast.images.address).
"""

import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ballast.images.address import Address
from ballast.images.room import Room
from ballast.runtime.processes import workers

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")  # no format that runs a program or reads other files
MAX_PIXELS = 64_000_000
ROOM = Room(MAX_PIXELS)
MAX_BYTES = 256 << 20
MIN_SIDE = 2
BLOCK = 1024  # files that are submitted at once
ORIENTATION = 0x0112  # EXIF
Image.core.set_block_size(64 << 20)  # which the system has back at once; Pillow's 16 MiB stay with each thread


class DecodeError(Exception):
    """The reason why a file is not a usable image, in a few words."""


class Decoded(NamedTuple):
    """A decoded image: pixels uint8 [3, size, size] of its middle; width and height of the whole as it is seen."""

    pixels: np.ndarray
    width: int
    height: int


def decode(path: str | Path, size: int) -> Decoded:
    """Resize the short side to ``size`` bicubically, and cut the middle out of the long one. Raises DecodeError."""
    with ExitStack() as held:
        return _middle(path, size, held)


def _middle(path: str | Path, size: int, held: ExitStack) -> Decoded:
    """Do the work of ``decode``; the large image is gone when this returns, before its room is given back."""
    image, width, height = read(path, (size, size), held)
    image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    return Decoded(np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)), width, height)


def read(path: str | Path, least: tuple[int, int] | None = None, held: ExitStack | None = None
         ) -> tuple[Image.Image, int, int]:
    """Decode an image to RGB.

    Args:
        path: an image file, or the address of a row of an array.
        least: a width and a height in pixels; a JPEG may be decoded at a smaller scale, but not below these.
        held: keeps the room of the pixels (``ROOM``) as long as they are in use; None: the caller has it.

    Returns:
        The image, and the width and height that the file has.

    Raises:
        DecodeError: the file is not a usable image.
    """
    address = Address.parse(path)
    if address.is_pixels:
        image = _of_array(address)
        return image, *image.size
    try:
        size = address.bytes()
        if size == 0 and not Path(address.file).exists():
            raise FileNotFoundError
        if size == 0:
            raise DecodeError("empty file")
        if size > MAX_BYTES:
            raise DecodeError(f"{size >> 20} MiB, more than {MAX_BYTES >> 20}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes, which are checked here, and about metadata, which are unused
            with Image.open(address.opened(), formats=FORMATS) as image:
                return _decoded(image, least, held)
    except DecodeError:
        raise
    except Image.DecompressionBombError:
        raise DecodeError(f"more than {MAX_PIXELS // 1_000_000} million pixels") from None
    except UnidentifiedImageError:
        raise DecodeError(f"not an image ({', '.join(FORMATS)})") from None
    except FileNotFoundError:
        raise DecodeError("no such file") from None
    except Exception as error:  # on damaged files, decoders raise many types
        raise DecodeError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from error


def _decoded(image: Image.Image, least: tuple[int, int] | None, held: ExitStack | None
             ) -> tuple[Image.Image, int, int]:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise DecodeError(f"more than {MAX_PIXELS // 1_000_000} million pixels")
    _refuse_small(width, height)
    scales = bool(least) and image.format in ("JPEG", "MPO")  # cameras write MPO, a JPEG file with several pictures
    if held and not scales:  # before the metadata: Pillow decodes a PNG to find them
        held.enter_context(ROOM.of(width * height))
    turned = image.getexif().get(ORIENTATION, 1) >= 5  # by 90 or 270 degrees
    if scales:
        image.draft("RGB", least[::-1] if turned else least)
        if held:
            held.enter_context(ROOM.of(image.width * image.height))
    return _to_rgb(ImageOps.exif_transpose(image)), *((height, width) if turned else (width, height))


def attempted(path: str | Path, size: int) -> Decoded | DecodeError:
    """Decode an image; return the error in its place."""
    try:
        return decode(path, size)
    except DecodeError as error:
        return error


def decode_all(paths: Iterable[str | Path], size: int) -> Iterator[Decoded | DecodeError]:
    """Decode all files by threads (decoders release Python's lock); yield images in order, or errors in their place."""
    waiting = iter(paths)
    with ThreadPoolExecutor(workers()) as threads:
        while block := list(islice(waiting, BLOCK)):  # in blocks, so that few decoded images wait in memory
            yield from threads.map(partial(attempted, size=size), block)


def _of_array(address: Address) -> Image.Image:
    """Return the image at an address in an array."""
    try:
        pixels = address.pixels()
        if pixels.dtype != np.uint8:
            raise ValueError(f"expected uint8 pixels, got {pixels.dtype}")
        image = _image(pixels)
    except (ValueError, IndexError, TypeError, OSError) as error:
        raise DecodeError(f"no image in an array: {' '.join(str(error).split())[:200]}") from error
    _refuse_small(*image.size)
    return image


def _refuse_small(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise DecodeError(f"{width}x{height} pixels, too small")


def _image(pixels: np.ndarray) -> Image.Image:
    """Convert pixels [H, W], [H, W, C] or [C, H, W] to RGB."""
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
