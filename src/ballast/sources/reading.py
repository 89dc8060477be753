"""Every image of a source looked at once: what it is, its thumbnail, and unless the files are to stay, its pixels."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ballast.images.decode import Decoded, DecodeError, decode_all
from ballast.images.store import save_files
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path, save_array, written
from ballast.runtime.progress import track
from ballast.sources.duplicates import SIDE, thumbnails
from ballast.sources.listing import Listing

BLOCK = 1024


def read(folder: str | Path, images: np.ndarray | Listing, source: dict) -> pd.DataFrame:
    """Write images as a store; returns a row per image or file: path, height, width, bytes, hash, row, status.

    images: pixels uint8 [N, C, S, S], or files. ``status`` is ok, or why the file is no usable image; ``row`` counts
    those that are. ``hash`` is of the pixels as they are decoded at the short side that is stored.
    """
    if isinstance(images, Listing):
        size, where = source["size"], source.get("where", "memory")
        short, paths = source.get("short") or size, images.paths()
        found = decode_all([resolve_path(path) for path in paths], short)
        found = track(found, f"reading {images.root}".strip(), len(paths), unit="file")
        shape = (3, short, short)
    else:
        size, where, paths = images.shape[-1], "memory", [""] * len(images)
        short, shape = size, images.shape[1:]
        found = (Decoded(image, size, size) for image in images)
    rows, small = [], []
    with ArrayWriter(Path(folder, "images.npy"), shape, where != "files") as pixels:
        for block in _blocks(zip(paths, found)):
            good = [image.pixels for _, image in block if not isinstance(image, DecodeError)]
            if good:
                pixels.append(np.stack(good))
                small.append(thumbnails(torch.from_numpy(np.stack(good))).half().numpy())
            rows += [_row(path, image) for path, image in block]
    files = pd.DataFrame(rows, columns=["path", "height", "width", "bytes", "hash", "status"])
    good = files["status"] == "ok"
    files.insert(0, "row", pd.Series(range(good.sum()), index=files.index[good]).reindex(files.index).astype("Int64"))
    save_array(Path(folder, "thumbnails.npy"), np.concatenate([np.zeros((0, SIDE, SIDE), np.float16), *small]))
    save_files(folder, where, size, short, files[good].drop(columns="status"))
    return files


def read_all(folder: str | Path, images: np.ndarray | Listing, source: dict) -> None:
    """``read`` images that must all be usable: one missing from a labelled part would change a result silently."""
    files = read(folder, images, source)
    bad = files[files["status"] != "ok"]
    for path, status in bad[["path", "status"]].head(1).to_numpy():
        raise BallastError(f"{path}: {status}; {len(bad)} of {len(files)} seed or labelled images cannot be used: "
                           f"repair or remove them")


class ArrayWriter:
    """A .npy file [N, *shape], uint8, that grows; it has its name once it is whole. Not wanted, it writes nothing."""

    def __init__(self, path: Path, shape: tuple[int, ...], wanted: bool = True) -> None:
        self.shape, self.rows = shape, 0
        self.whole = written(path) if wanted else nullcontext()

    def __enter__(self) -> "ArrayWriter":
        self.file = self.whole.__enter__()
        if self.file:
            self._header()
        return self

    def append(self, images: np.ndarray) -> None:
        if self.file:
            self.file.write(np.ascontiguousarray(images).data)
            self.rows += len(images)

    def __exit__(self, *error: object) -> None:
        if self.file and error == (None, None, None):
            self._header()
            self.file.seek(0, os.SEEK_END)
        self.whole.__exit__(*error)

    def _header(self) -> None:
        """numpy leaves room in it for a longer first axis, so its length stays the same."""
        self.file.seek(0)
        np.lib.format.write_array_header_1_0(
            self.file, {"descr": "|u1", "fortran_order": False, "shape": (self.rows, *self.shape)})


def _row(path: str, image: Decoded | DecodeError) -> dict:
    size = resolve_path(path).stat().st_size if path and ".npy#" not in path and resolve_path(path).is_file() else 0
    if isinstance(image, DecodeError):
        return {"path": path, "height": 0, "width": 0, "bytes": size, "hash": "", "status": str(image)}
    digest = hashlib.blake2b(np.ascontiguousarray(image.pixels).data, digest_size=16).hexdigest()
    return {"path": path, "height": image.height, "width": image.width, "bytes": size or image.pixels.nbytes,
            "hash": digest, "status": "ok"}


def _blocks(items: Iterable) -> Iterator[list]:
    block = []
    for item in items:
        block.append(item)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block
