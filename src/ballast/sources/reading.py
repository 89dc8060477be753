"""Reading of a source: every image is decoded once, described, and written into a store (ballast.images.folder)."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from ballast.images.address import Address
from ballast.images.decode import Decoded, DecodeError, decode_all
from ballast.images.folder import save_folder
from ballast.runtime.errors import BallastError
from ballast.runtime.files import written
from ballast.runtime.names import image_path
from ballast.runtime.progress import track
from ballast.sources.duplicates import SIDE, thumbnails
from ballast.sources.listing import Listing

COLUMNS = ["path", "height", "width", "bytes", "hash", "status"]
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
        decoded = decode_all(map(image_path, paths), short)
        decoded = track(decoded, f"reading {images.root}".strip(), len(paths), unit="file")
        shape = (3, short, short)
    else:
        settings = {"where": "memory", "size": images.shape[-1], "short": images.shape[-1]}
        paths = [""] * len(images)
        decoded = (Decoded(image, image.shape[2], image.shape[1]) for image in images)
        shape = images.shape[1:]
    keep = settings["where"] != "files"
    with ExitStack() as files:
        pixels = files.enter_context(rows_file(Path(folder, "images.npy"), np.uint8, shape)) if keep else None
        small = files.enter_context(rows_file(Path(folder, "thumbnails.npy"), np.float16, (SIDE, SIDE)))
        tables = [_described(block, shape, small, pixels) for block in _blocks(zip(paths, decoded))]
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


def _described(block: list[tuple[str, Decoded | DecodeError]], shape: tuple[int, ...], small: Rows, pixels: Rows | None
               ) -> pd.DataFrame:
    """Describe images and append thumbnails of the usable ones; append all pixels, those of the others as zeros."""
    found = np.stack([np.zeros(shape, np.uint8) if isinstance(image, DecodeError) else image.pixels
                      for _, image in block])
    small.append(thumbnails(found[[not isinstance(image, DecodeError) for _, image in block]]))
    if pixels:
        pixels.append(found)
    return pd.DataFrame([_row(path, image) for path, image in block], columns=COLUMNS)


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


def _blocks(items: Iterable) -> Iterator[list]:
    block = []
    for item in items:
        block.append(item)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block
