"""Where an image is: a file, a row of an array, or a part of an archive, which is read by its range and never unpacked.

| address | image |
|---|---|
| ``photo.jpg`` | a file |
| ``images.npy#7`` | row 7 of an array uint8 [N, H, W], [N, H, W, C] or [N, C, H, W] |
| ``pool.tar#1536+18234/photos/7.jpg`` | the member photos/7.jpg of a tar archive: 18,234 bytes from byte 1,536 on |
| ``pool.parquet#7`` | row 7 of the column of encoded images of a Parquet table |

An address of a member has all that is needed to read it, so no process holds a table of an archive's contents.
"""

import io
import os
import re
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ballast.runtime.files import read_npy

PATTERN = re.compile(r"(?P<file>.*\.(?:npy|parquet))#(?P<row>\d+)"
                     r"|(?P<tar>.*?\.tar)#(?P<start>\d+)\+(?P<size>\d+)/(?P<name>.*)", re.DOTALL)
GROUPS = 4  # row groups of Parquet tables that stay in memory


class Address(NamedTuple):
    """The place of an image, and its text."""

    file: str
    row: int | None = None  # of an array or a table
    start: int | None = None  # of a member of an archive, in bytes
    size: int = 0
    name: str = ""  # of the member

    def __str__(self) -> str:
        if self.start is not None:
            return f"{self.file}#{self.start}+{self.size}/{self.name}"
        return self.file if self.row is None else f"{self.file}#{self.row}"

    @classmethod
    def parse(cls, path: str | Path) -> "Address":
        """Read an address; ``x.npy#3.jpg`` is a file."""
        match = PATTERN.fullmatch(str(path))
        if not match:
            return cls(str(path))
        if match["tar"]:
            return cls(match["tar"], None, int(match["start"]), int(match["size"]), match["name"])
        return cls(match["file"], int(match["row"]))

    @property
    def is_pixels(self) -> bool:
        """Return whether this is a row of an array, which holds pixels and no encoded image."""
        return self.row is not None and self.file.endswith(".npy")

    def pixels(self) -> np.ndarray:
        """Return the row of the array."""
        return open_array(self.file)[self.row]

    def content(self) -> np.ndarray:
        """Return the bytes of an encoded image, uint8 [n]."""
        if self.row is not None:
            return np.frombuffer(table_row(self.file, self.row), np.uint8)
        if self.start is None:
            return np.fromfile(self.file, np.uint8)
        return np.frombuffer(os.pread(open_file(self.file).fileno(), self.size, self.start), np.uint8)

    def opened(self) -> str | io.BytesIO:
        """Return what Pillow opens: the path of a file, or the bytes of a part."""
        whole = self.row is None and self.start is None
        return self.file if whole else io.BytesIO(self.content())

    def bytes(self) -> int:
        """Return the size of the encoded image in bytes; 0 for pixels and for a file that is missing."""
        if self.start is not None:
            return self.size
        if self.row is not None:
            return 0 if self.is_pixels else len(table_row(self.file, self.row))
        return Path(self.file).stat().st_size if Path(self.file).is_file() else 0


@lru_cache(maxsize=8)
def open_array(name: str) -> np.ndarray:
    """Map an array of images on disk into memory."""
    return read_npy(name, "r")


@lru_cache(maxsize=8)
def open_file(name: str) -> BinaryIO:
    """Open an archive; parts are read at their places, so threads and processes may share it."""
    return open(name, "rb", buffering=0)


def table_row(name: str, row: int) -> bytes:
    """Return the encoded image of a row of a Parquet table; its row group stays in memory for the rows beside it."""
    starts = row_groups(name)[1]
    group = bisect_right(starts, row) - 1
    return row_group(name, group)[row - starts[group]]


@lru_cache(maxsize=256)
def row_groups(name: str) -> tuple[str, list[int]]:
    """Return the column of encoded images of a table, and the first row of each of its row groups, and the end.

    img2dataset writes a column of bytes, Hugging Face a struct {bytes, path}.

    Raises:
        ValueError: there is no such column.
    """
    from pyarrow import types
    from pyarrow.parquet import ParquetFile

    with ParquetFile(name) as table:
        for field in table.schema_arrow:
            inner = [part.name for part in field.type] if types.is_struct(field.type) else []
            if types.is_binary(field.type) or types.is_large_binary(field.type) or "bytes" in inner:
                counts = [table.metadata.row_group(group).num_rows for group in range(table.metadata.num_row_groups)]
                return field.name, np.cumsum([0, *counts]).tolist()
        raise ValueError(f"no column of encoded images among {', '.join(table.schema_arrow.names)}")


@lru_cache(maxsize=GROUPS)
def row_group(name: str, group: int) -> list[bytes]:
    """Return the encoded images of a row group; a row without one is empty."""
    from pyarrow.parquet import ParquetFile

    with ParquetFile(name) as table:
        values = table.read_row_group(group, [row_groups(name)[0]]).column(0).to_pylist()
    return [(value["bytes"] if isinstance(value, dict) else value) or b"" for value in values]
