"""Embeddings of a pool beyond memory: the rows of several .npy files as one matrix, read as they are asked for.

It answers to what selection asks of a tensor: ``len``, ``split`` into blocks, and rows by index.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ballast.errors import BallastError, require

ROWS = 1_000_000  # of a shard: 256 MB of 128 numbers in float16


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
