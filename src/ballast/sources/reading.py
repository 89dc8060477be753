"""Reading of a source: every image is decoded once, described, and written into a store (ballast.images.folder)."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from ballast.images.decode import Address, Decoded, DecodeError, decode_all
from ballast.images.folder import save_folder
from ballast.runtime.errors import BallastError
from ballast.runtime.files import save_array, written
from ballast.runtime.names import image_path
from ballast.runtime.progress import track
from ballast.sources.duplicates import SIDE, thumbnails
from ballast.sources.listing import Listing

BLOCK = 1024  # images that are held in memory at once


def read(folder: str | Path, images: np.ndarray | Listing, source: dict) -> pd.DataFrame:
    """Write images as a store.

    Args:
        folder: where the store goes.
        images: pixels uint8 [N, C, S, S], or files.
        source: of files, the ``size`` of the views, the ``short`` side that is stored (``size`` if None or missing),
            and ``where`` the pixels will be used from ("memory" if missing).

    Returns:
        One row per image or file, in order: row, path, height, width, bytes, hash, status. ``status`` is ok, or the
        reason why the file is not a usable image. ``row`` is the row of images.npy, missing for unusable files.
        ``hash`` is that of the pixels as they are stored.
    """
    if isinstance(images, Listing):
        short = source.get("short") or source["size"]
        settings = {"where": source.get("where", "memory"), "size": source["size"], "short": short}
        paths = images.paths()
        decoded = decode_all([image_path(path) for path in paths], short)
        decoded = track(decoded, f"reading {images.root}".strip(), len(paths), unit="file")
        shape = (3, short, short)
    else:
        settings = {"where": "memory", "size": images.shape[-1], "short": images.shape[-1]}
        paths = [""] * len(images)
        decoded = (Decoded(image, image.shape[2], image.shape[1]) for image in images)
        shape = images.shape[1:]
    if settings["where"] == "files":
        rows, small = _described(zip(paths, decoded), shape, None)
    else:
        with _array_file(Path(folder, "images.npy"), (len(paths), *shape)) as file:
            rows, small = _described(zip(paths, decoded), shape, file)
    files = pd.DataFrame(rows, columns=["path", "height", "width", "bytes", "hash", "status"])
    usable = files["status"] == "ok"
    files.insert(0, "row", pd.Series(range(len(files)), files.index, "Int64").where(usable))
    save_array(Path(folder, "thumbnails.npy"), np.concatenate([np.zeros((0, SIDE, SIDE), np.float16), *small]))
    save_folder(folder, **settings, files=files[usable].drop(columns="status"))
    return files


def read_all(folder: str | Path, images: np.ndarray | Listing, source: dict) -> None:
    """Write images as a store, all of which must be usable: a missing one would change a result silently."""
    files = read(folder, images, source)
    unusable = files[files["status"] != "ok"]
    if len(unusable):
        first = unusable.iloc[0]
        raise BallastError(f"{first['path']}: {first['status']}; {len(unusable)} of {len(files)} in-domain or labelled "
                           f"images cannot be used: repair or remove them")


@contextmanager
def _array_file(path: Path, shape: tuple[int, ...]) -> Iterator[BinaryIO]:
    """Open a .npy file uint8 whose rows are appended; it gets its name once it is whole.

    We avoid numpy's open_memmap: a full disk kills a process that writes into mapped memory, without a message.
    """
    with written(path) as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        yield file


def _described(images: Iterable[tuple[str, Decoded | DecodeError]], shape: tuple[int, ...],
               file: BinaryIO | None) -> tuple[list[dict], list[np.ndarray]]:
    """Describe images and shrink the usable ones; append all pixels to a file, those of an unusable image as zeros."""
    rows, small = [], []
    for block in _blocks(images):
        rows += [_row(path, image) for path, image in block]
        pixels = np.stack([np.zeros(shape, np.uint8) if isinstance(image, DecodeError) else image.pixels
                           for _, image in block])
        usable = [not isinstance(image, DecodeError) for _, image in block]
        small.append(thumbnails(pixels[usable]).astype(np.float16))
        if file:
            file.write(pixels.data)
    return rows, small


def _row(path: str, image: Decoded | DecodeError) -> dict:
    size = _file_size(path)
    if isinstance(image, DecodeError):
        return {"path": path, "height": 0, "width": 0, "bytes": size, "hash": "", "status": str(image)}
    digest = hashlib.blake2b(np.ascontiguousarray(image.pixels).data, digest_size=16).hexdigest()
    return {"path": path, "height": image.height, "width": image.width, "bytes": size or image.pixels.nbytes,
            "hash": digest, "status": "ok"}


def _file_size(path: str) -> int:
    """Return the size of an image file in bytes; 0 for a row of an array, for pixels, and for a missing file."""
    file = image_path(path)
    return file.stat().st_size if path and Address.parse(path).row is None and file.is_file() else 0


def _blocks(items: Iterable) -> Iterator[list]:
    block = []
    for item in items:
        block.append(item)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block
