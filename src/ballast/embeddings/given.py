"""Embeddings from elsewhere: a file of vectors for the in-domain images, and one for the pool.

A file is a .npy matrix, or a Parquet table with one column of vectors. Row i is that of image i of a manifest.
"""

from pathlib import Path

import numpy as np

from ballast.embeddings.vectors import row_blocks
from ballast.runtime.errors import BallastError
from ballast.runtime.files import read_npy

NAMES = ("images.npy", "pool.npy")


def read_matrix(path: str | Path) -> np.ndarray:
    """Return the float32 matrix [N, d] of a .npy or Parquet file, whose rows are finite and not zero."""
    return np.concatenate(list(row_blocks(path)))


def fitted(path: str, matrix: np.ndarray, kept: np.ndarray, manifest: str) -> np.ndarray:
    """Return the rows of the images that are kept [K]; the matrix has a row for those, or for all of the manifest.

    Args:
        path: of the matrix, for the message.
        matrix: [K or M, d].
        kept: bool [M], of every line of the manifest.
        manifest: its path.
    """
    if len(matrix) == kept.sum():
        return matrix
    if len(matrix) == len(kept):
        return matrix[kept]
    raise BallastError(f"{path}: expected a row for each of the {len(kept)} lines of {manifest}, or for each of the "
                       f"{kept.sum()} images in use, got {len(matrix)}")


def given(folder: str | Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the embeddings of the in-domain and of the pool images that stage `embeddings` wrote; None: an encoder."""
    paths = [Path(folder, name) for name in NAMES]
    if not all(path.exists() for path in paths):
        return None
    return tuple(read_npy(path, "r") for path in paths)
