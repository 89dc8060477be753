"""Vectors from elsewhere: .npy matrices, or Parquet tables with one column of vectors, read block by block."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.runtime.code import digest
from ballast.runtime.errors import BallastError, reason
from ballast.runtime.files import read_npy
from ballast.runtime.tables import read_json

ROWS = 1 << 16  # of a block
SUFFIXES = (".npy", ".parquet")
MANIFEST = "manifest.json"  # of a folder that `ballast embed` has written
NAMED_BY_CONTENT = re.compile("[0-9a-f]{64}")


def unit_vectors(paths: Sequence[str | Path]) -> Tensor:
    """Return the rows of all files, one after the other and scaled to unit length, as float16 [N, d].

    This is the precision in which the pipeline keeps embeddings. A folder stands for its files in the order of names.
    """
    parts, width, first = [], 0, None
    for path in files_of(paths):
        if NAMED_BY_CONTENT.fullmatch(path.stem) and path.exists() and digest(path) != path.stem:
            raise BallastError(f"{path}: expected the content that it is named by, got other bytes; run `ballast "
                               f"embed` again")
        for block in row_blocks(path):
            width, first = width or block.shape[1], first or path
            if block.shape[1] != width:
                raise BallastError(f"{path}: expected rows of {width} numbers, as in {first}, got {block.shape[1]}")
            parts.append(normalize(torch.from_numpy(block)).half())
    return torch.cat(parts)


def files_of(paths: Sequence[str | Path]) -> list[Path]:
    """Return the files, and those of folders: in the order of their manifest, or of names."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = [path]
        if Path(path, MANIFEST).exists():
            inside = [path / shard["file"] for shard in read_json(path / MANIFEST, "shards")["shards"]]
        elif path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
        if not inside:
            raise BallastError(f"{path}: expected a folder with .npy or .parquet files, got none")
        found += inside
    return found


def row_blocks(path: str | Path) -> Iterator[np.ndarray]:
    """Yield the rows of a file as float32 blocks [at most 65536, d].

    Raises:
        BallastError: the file is no matrix, or, at its end, has rows that are not finite or zero.
    """
    path = Path(path)
    if not path.is_file():
        raise BallastError(f"{path}: missing; expected embeddings as .npy or Parquet")
    wrong, first, start = 0, 0, 0
    try:
        for block in _parquet(path) if path.suffix == ".parquet" else _npy(path):
            if block.ndim != 2 or not block.size or block.dtype.kind != "f":
                raise BallastError(f"{path}: expected a matrix of floating-point numbers with a row for every image, "
                                   f"got {block.dtype} of shape {list(block.shape)}")
            block = block.astype(np.float32)
            length = np.abs(block).max(axis=1)
            bad = np.flatnonzero(~np.isfinite(length) | (length == 0))
            first, wrong = first if wrong or not len(bad) else start + int(bad[0]), wrong + len(bad)
            start += len(block)
            yield block
    except BallastError:
        raise
    except (ValueError, OSError, ImportError) as error:
        raise BallastError(f"{path}: expected a .npy matrix or a Parquet table with a column of vectors, got an error "
                           f"({reason(error)})") from error
    if wrong:
        raise BallastError(f"{path}: expected finite rows that are not zero, got {wrong} others; the first is row "
                           f"{first}, counted from 0")


def _npy(path: Path) -> Iterator[np.ndarray]:
    matrix = read_npy(path, "r")
    if matrix.ndim != 2 or not matrix.size:
        yield matrix
        return
    for start in range(0, len(matrix), ROWS):
        yield matrix[start : start + ROWS]


def _parquet(path: Path) -> Iterator[np.ndarray]:
    from pyarrow import types
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(path)
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    vectors = [field.name for field in file.schema_arrow if any(kind(field.type) for kind in lists)]
    if len(vectors) != 1 or not file.metadata.num_rows:
        raise ValueError(f"{len(vectors)} columns of vectors, {file.metadata.num_rows} rows")
    for batch in file.iter_batches(ROWS, columns=vectors):
        column = batch.column(0)
        numbers = column.flatten().to_numpy(zero_copy_only=False)
        lengths = np.diff(column.offsets.to_numpy()) if hasattr(column, "offsets") else [column.type.list_size]
        if len(set(lengths)) != 1 or column.null_count:
            raise ValueError("vectors of different lengths")
        yield numbers.reshape(len(column), -1)
