"""Embeddings of a pool, also one beyond memory: the rows of several float16 files as one matrix.

``load_shards`` gives a tensor where they fit, else Shards, which answer to what selection asks of a tensor: ``len``,
``split`` into blocks, and rows by index, read as they are asked for.
"""
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ballast.runtime.distributed import rank
from ballast.runtime.errors import BallastError, require
from ballast.runtime.files import save_array

ROWS = 1_000_000  # of a shard: 256 MB of 128 numbers in float16
MEMORY = 4 << 30  # bytes of float16 that are rather held than read again


def save_shards(folder: str | Path, blocks: Iterable[Tensor], rows: int = ROWS) -> None:
    """Write consecutive blocks [B, d] of a matrix, however they are cut, as files of ``rows`` rows in float16.

    Of several ranks, which all have the blocks, the first one writes.
    """
    held: list[np.ndarray] = []
    number = 0

    def write(part: np.ndarray) -> None:
        nonlocal number
        if rank() == 0:
            save_array(Path(folder, f"{number:05}.npy"), part)
        number += 1

    for block in blocks:
        held.append(block.half().cpu().numpy())
        while sum(map(len, held)) >= rows:
            whole = np.concatenate(held)
            write(whole[:rows])
            held = [whole[rows:]]
    if sum(map(len, held)) or not number:
        write(np.concatenate(held))


def load_shards(
    folder: str | Path, device: torch.device | str = "cpu", limit: float = MEMORY
) -> "Tensor | Shards":
    """What ``save_shards`` wrote: a float16 tensor on the device, or Shards where it has more than ``limit`` bytes."""
    found = Shards(sorted(Path(folder).glob("*.npy")))
    if 2 * found.shape[0] * found.shape[1] > limit:
        return found
    return torch.cat(list(found.split(ROWS))).to(device)


class Shards:
    """Matrix [P, d] of float16 or float32 files [P_i, d]; every file is open only while it is read."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        require(len(paths) > 0, "no shards of embeddings; `dvc repro` makes them")
        self.paths = [Path(path) for path in paths]
        shapes = [self._open(number).shape for number in range(len(self.paths))]
        for path, shape in zip(self.paths, shapes):
            require(len(shape) == 2 and shape[1] == shapes[0][1],
                    f"{path}: wants rows of {shapes[0][-1]} numbers, has {list(shape)}")
        self.start = np.cumsum([0, *(rows for rows, _ in shapes)])
        self.shape, self.device = (int(self.start[-1]), shapes[0][1]), torch.device("cpu")

    def __len__(self) -> int:
        return self.shape[0]

    def split(self, rows: int) -> Iterator[Tensor]:
        """Consecutive blocks [at most rows, d]; none crosses the end of a file."""
        for number in range(len(self.paths)):
            for start in range(0, int(self.start[number + 1] - self.start[number]), rows):
                yield torch.from_numpy(np.array(self._open(number)[start : start + rows]))

    def __getitem__(self, index: Tensor) -> Tensor:
        """Some rows [K, d], in the order of ``index``."""
        index = index.cpu().numpy()
        which = np.searchsorted(self.start, index, side="right") - 1
        found = None
        for number in np.unique(which):
            own = which == number
            rows = self._open(number)[index[own] - self.start[number]]
            found = np.empty((len(index), self.shape[1]), rows.dtype) if found is None else found
            found[own] = rows
        return torch.from_numpy(np.empty((0, self.shape[1]), np.float32) if found is None else found)

    def _open(self, number: int) -> np.ndarray:
        try:
            return np.load(self.paths[number], mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise BallastError(f"{self.paths[number]}: not a readable .npy array ({error}); `dvc repro` makes it"
                               ) from error
