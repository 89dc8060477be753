"""Rows of matrices that are larger than memory, in another order, by reading and writing files from start to end.

Single rows of 256 bytes at random places of a disk take as long as pages of 4 KB. So rows that come near each other in
the new order go to one bucket, a file, while the matrices stream by; later each bucket is read as a whole and put in
order. Every row is read twice and written once, and what is in memory does not grow with the matrices, but for the
order itself.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ballast.embeddings.shards import Shards

BYTES = 1 << 28  # of a bucket, all matrices together
BLOCK = 1 << 17  # rows that are read at a time


def shuffled(matrices: Sequence[Shards], order: Tensor, rows: int, place: str | Path | None = None) -> Iterator[Tensor]:
    """Yield the rows of M matrices [P, d] in an order, [M, ``rows``, d] at a time; of the last ones perhaps fewer.

    Args:
        matrices: files of the same shape.
        order: the row of the matrices that comes first, second and on, [P].
        rows: rows of a block.
        place: folder for temporary files, which together are as large as the matrices; None: the system's.
    """
    row_bytes = sum(matrix.shape[1] * matrix.dtype.itemsize for matrix in matrices)
    size = max(1, BYTES // (row_bytes * rows)) * rows
    with tempfile.TemporaryDirectory(dir=place, prefix="shuffled-") as folder:
        paths = [[Path(folder, f"{number}-{bucket}") for bucket in range(-(-len(order) // size))]
                 for number in range(len(matrices))]
        bucket_of = torch.empty(len(order), dtype=torch.int32)
        bucket_of[order] = torch.arange(len(order), dtype=torch.int32) // size
        for matrix, files in zip(matrices, paths):
            _distribute(matrix, bucket_of, files)
        for bucket, members in enumerate(order.split(size)):
            held = torch.stack([_ordered(files[bucket], matrix, members) for matrix, files in zip(matrices, paths)])
            yield from held.split(rows, dim=1)


def _distribute(matrix: Shards, bucket_of: Tensor, paths: list[Path]) -> None:
    """Write every row of a matrix to the file of its bucket, in the order of the matrix."""
    with ExitStack() as stack:
        files = [stack.enter_context(open(path, "wb")) for path in paths]
        start = 0
        for block in matrix.split(BLOCK):
            bucket = bucket_of[start : start + len(block)]
            order = bucket.argsort(stable=True)
            counts = torch.bincount(bucket, minlength=len(files)).tolist()
            for file, part in zip(files, block[order].split(counts)):
                file.write(part.numpy().astype(matrix.dtype, copy=False).data)
            start += len(block)


def _ordered(path: Path, matrix: Shards, members: Tensor) -> Tensor:
    """Return the rows of a bucket in the order of its members, which are row numbers of the matrix; remove its file."""
    width = matrix.shape[1]
    loaded = torch.from_numpy(np.fromfile(path, matrix.dtype).reshape(len(members), width))
    path.unlink()
    ordered = torch.empty_like(loaded)
    ordered[members.argsort()] = loaded
    return ordered
