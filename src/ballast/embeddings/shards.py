"""Embeddings of a pool in several files, which may together be larger than memory.

``load_shards`` returns a tensor where they fit into memory, else ``Shards``. Selections use either alike: ``len``,
``split`` into blocks, and indexing by rows, which Shards read from their files at that moment.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ballast.runtime.errors import BallastError
from ballast.runtime.files import read_npy, save_array
from ballast.runtime.host import arriving
from ballast.runtime.ranks import rank

ROWS = 1 << 16  # rows of a file, whole batches of any device: 16 MB with 128 numbers each
MEMORY = 4 << 30  # bytes of float16 up to which the whole matrix stays in memory


def save_shards(folder: str | Path, blocks: Iterable[Tensor], rows: int = ROWS) -> None:
    """Write a matrix as float16 files of ``rows`` rows, 00000.npy and on.

    If there are several ranks, all of them have the blocks, and rank 0 writes.

    Args:
        folder: where to write.
        blocks: consecutive blocks [B, d] of the matrix, of any B.
        rows: rows of each file; the last one may have fewer.
    """
    pending: list[np.ndarray] = []
    number = 0

    def write(part: np.ndarray) -> None:
        nonlocal number
        if rank() == 0:
            save_array(Path(folder, f"{number:05}.npy"), part)
        number += 1

    for block in arriving(block.half() for block in blocks):
        pending.append(block.numpy())
        while sum(map(len, pending)) >= rows:
            joined = np.concatenate(pending)
            write(joined[:rows])
            pending = [joined[rows:]]
    if sum(map(len, pending)) or not number:
        write(np.concatenate(pending))


def load_shards(folder: str | Path, device: torch.device | str = "cpu", limit: float = MEMORY) -> "Tensor | Shards":
    """Return what ``save_shards`` wrote: a float16 tensor on the device, or Shards if it has more than limit bytes."""
    paths = sorted(Path(folder).glob("*.npy"))
    if not paths:
        raise BallastError(f"{folder}: expected .npy files of embeddings, got none; `dvc repro` makes them")
    shards = Shards(paths)
    if 2 * shards.shape[0] * shards.shape[1] > limit:
        return shards
    return torch.cat(list(shards.split(ROWS))).to(device)


class Shards:
    """Matrix [P, d] whose rows are those of float16 or float32 files [P_i, d]; a file is open only while it is read."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        if not paths:
            raise BallastError("shards of embeddings: expected .npy files, got none; run `dvc repro` to make them")
        self.paths = [Path(path) for path in paths]
        shapes = [self._open(number).shape for number in range(len(self.paths))]
        for path, shape in zip(self.paths, shapes):
            if len(shape) != 2 or shape[1] != shapes[0][-1]:
                raise BallastError(f"{path}: expected rows of {shapes[0][-1]} numbers, got an array of shape "
                                   f"{list(shape)}; delete it and run `dvc repro`")
        self.start = np.cumsum([0, *(rows for rows, _ in shapes)])
        self.shape = int(self.start[-1]), shapes[0][1]
        self.device = torch.device("cpu")
        self.dtype = self._open(0).dtype

    def __len__(self) -> int:
        return self.shape[0]

    def split(self, rows: int) -> Iterator[Tensor]:
        """Yield consecutive blocks [at most rows, d]; none crosses the end of a file."""
        for number in range(len(self.paths)):
            for start in range(0, int(self.start[number + 1] - self.start[number]), rows):
                yield torch.from_numpy(np.array(self._open(number)[start : start + rows]))

    def __getitem__(self, index: Tensor) -> Tensor:
        """Return the rows [K, d] of an index [K], in its order."""
        index = index.cpu().numpy()
        file = np.searchsorted(self.start, index, side="right") - 1
        selected = None
        for number in np.unique(file):
            in_file = file == number
            rows = self._open(number)[index[in_file] - self.start[number]]
            if selected is None:
                selected = np.empty((len(index), self.shape[1]), rows.dtype)
            selected[in_file] = rows
        return torch.from_numpy(np.empty((0, self.shape[1]), np.float32) if selected is None else selected)

    def _open(self, number: int) -> np.ndarray:
        try:
            return read_npy(self.paths[number], "r")
        except (ValueError, OSError) as error:
            raise BallastError(f"{self.paths[number]}: expected a readable .npy array, got an error ({error}); delete "
                               f"it and run `dvc repro`") from error
