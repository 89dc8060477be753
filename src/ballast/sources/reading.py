"""Reading of a source: every image is decoded once, described, and written into a store (ballast.images.folder)."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pandas as pd

from ballast.images.address import Address
from ballast.images.decode import Decoded, DecodeError, attempted
from ballast.images.folder import save_folder
from ballast.runtime.errors import BallastError
from ballast.runtime.files import written
from ballast.runtime.names import image_path
from ballast.runtime.processes import mapped, workers
from ballast.runtime.progress import track
from ballast.sources.duplicates import SIDE, thumbnails
from ballast.sources.listing import Listing

COLUMNS = ["path", "height", "width", "bytes", "hash", "status"]
BLOCK = 256  # images of a part, the work of a process at a time


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
        parts, shape = parts_of_files(images, short), (3, short, short)
    else:
        settings = {"where": "memory", "size": images.shape[-1], "short": images.shape[-1]}
        parts, shape = parts_of_pixels(images), images.shape[1:]
    with ExitStack() as files:
        small = files.enter_context(rows_file(Path(folder, "thumbnails.npy"), np.float16, (SIDE, SIDE)))
        pixels = None
        if settings["where"] != "files":
            pixels = files.enter_context(rows_file(Path(folder, "images.npy"), np.uint8, shape))
        tables = []
        for part in parts:
            small.append(part.thumbnails)
            if pixels:
                pixels.append(part.pixels)
            tables.append(part.table)
    table = pd.concat(tables or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    usable = table["status"] == "ok"
    table.insert(0, "row", pd.Series(range(len(table)), table.index, "Int64").where(usable))
    save_folder(folder, **settings, files=table[usable].drop(columns="status"))
    return table


def read_all(folder: str | Path, images: np.ndarray | Listing, source: dict) -> None:
    """Write images as a store, all of which must be usable: a missing one would change a result silently."""
    files = read(folder, images, source)
    unusable = files[files["status"] != "ok"]
    if len(unusable):
        first = unusable.iloc[0]
        raise BallastError(f"{first['path']}: {first['status']}; {len(unusable)} of {len(files)} in-domain or labelled "
                           f"images cannot be used: repair or remove them")


class Rows:
    """Rows of an array that go to an open .npy file one block after the other.

    We avoid numpy's open_memmap: a full disk kills a process that writes into mapped memory, without a message.
    """

    def __init__(self, file: BinaryIO, dtype: type, shape: tuple[int, ...]) -> None:
        self.file, self.dtype, self.shape, self.count = file, np.dtype(dtype), shape, 0
        self.write_header()

    def write_header(self) -> None:
        """Write the number of rows at the start of the file."""
        self.file.seek(0)
        np.lib.format.write_array_header_1_0(self.file, {
            "descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False,
            "shape": (self.count, *self.shape)})

    def append(self, block: np.ndarray) -> None:
        """Append rows [B, ...]."""
        self.file.write(np.ascontiguousarray(block, self.dtype).data)
        self.count += len(block)


@contextmanager
def rows_file(path: Path, dtype: type, shape: tuple[int, ...]) -> Iterator[Rows]:
    """Open a .npy file to which rows of some shape are appended; it gets its name once it is whole."""
    with written(path) as file:
        rows = Rows(file, dtype, shape)
        yield rows
        rows.write_header()


class Part(NamedTuple):
    """Some consecutive images of a source."""

    table: pd.DataFrame  # a row for each, with COLUMNS
    thumbnails: np.ndarray  # of the usable ones, float16
    pixels: np.ndarray  # of all, uint8 [B, C, S, S]; zeros for those that are not usable


def parts_of_files(images: Listing, short: int) -> Iterator[Part]:
    """Decode all files, by a process for each core where they are many."""
    paths = images.paths()
    blocks = [paths[start : start + BLOCK] for start in range(0, len(paths), BLOCK)]
    name, work = f"reading {images.root}".strip(), partial(part_of_files, short=short)
    parts = mapped(work, blocks, workers(), name) if len(blocks) > 1 else map(work, blocks)
    return track(parts, name, len(blocks), unit=f"{BLOCK} files")


def part_of_files(paths: list[str], short: int) -> Part:
    """Decode some files."""
    return described(paths, [attempted(image_path(path), short) for path in paths], (3, short, short))


def parts_of_pixels(images: np.ndarray) -> Iterator[Part]:
    """Describe images that are there already, uint8 [N, C, S, S]."""
    for start in range(0, len(images), BLOCK):
        block = [Decoded(image, image.shape[2], image.shape[1]) for image in images[start : start + BLOCK]]
        yield described([""] * len(block), block, images.shape[1:])


def described(paths: list[str], images: list[Decoded | DecodeError], shape: tuple[int, ...]) -> Part:
    """Return what is kept of some images."""
    pixels = np.stack([np.zeros(shape, np.uint8) if isinstance(image, DecodeError) else image.pixels
                       for image in images])
    usable = [not isinstance(image, DecodeError) for image in images]
    table = pd.DataFrame([_row(path, image) for path, image in zip(paths, images)], columns=COLUMNS)
    return Part(table, thumbnails(pixels[usable]).astype(np.float16), pixels)


def _row(path: str, image: Decoded | DecodeError) -> dict:
    size = _file_size(path)
    if isinstance(image, DecodeError):
        return {"path": path, "height": 0, "width": 0, "bytes": size, "hash": "", "status": str(image)}
    digest = hashlib.blake2b(np.ascontiguousarray(image.pixels).data, digest_size=16).hexdigest()
    return {"path": path, "height": image.height, "width": image.width, "bytes": size or image.pixels.nbytes,
            "hash": digest, "status": "ok"}


def _file_size(path: str) -> int:
    """Return the size of an encoded image in bytes; 0 for a row of an array, for pixels, and for a missing file."""
    return Address.parse(image_path(path)).bytes() if path else 0
