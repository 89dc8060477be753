"""Embeddings from elsewhere: a file of vectors for the in-domain images, and one for the pool.

A file is a .npy matrix, or a Parquet table with one column of vectors. Row i is that of image i of a manifest.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ballast.runtime.errors import BallastError

NAMES = ("images.npy", "pool.npy")


def read_matrix(path: str | Path) -> np.ndarray:
    """Return the float32 matrix [N, d] of a .npy or Parquet file.

    Raises:
        BallastError: the file is no such matrix, or has a row that is not finite or zero.
    """
    path = Path(path)
    if not path.is_file():
        raise BallastError(f"{path}: missing; expected embeddings as .npy or Parquet")
    try:
        matrix = _parquet(path) if path.suffix == ".parquet" else np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError, ImportError) as error:
        raise BallastError(f"{path}: expected a .npy matrix or a Parquet table with a column of vectors, got an error "
                           f"({str(error).splitlines()[0]})") from error
    if matrix.ndim != 2 or not matrix.size or matrix.dtype.kind != "f":
        raise BallastError(f"{path}: expected a matrix of floating-point numbers with a row for every image, got "
                           f"{matrix.dtype} of shape {list(matrix.shape)}")
    matrix = matrix.astype(np.float32)
    length = np.abs(matrix).max(axis=1)
    wrong = np.flatnonzero(~np.isfinite(length) | (length == 0))
    if len(wrong):
        raise BallastError(f"{path}: expected finite rows that are not zero, got {len(wrong)} others; the first is row "
                           f"{wrong[0]}, counted from 0")
    return matrix


def _parquet(path: Path) -> np.ndarray:
    table = pd.read_parquet(path)  # by pyarrow
    vectors = [name for name in table if len(table) and isinstance(table[name].iloc[0], np.ndarray)]
    if len(vectors) != 1:
        raise ValueError(f"{len(vectors)} columns of vectors")
    return np.stack(table[vectors[0]].to_numpy())


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
    return tuple(np.load(path, mmap_mode="r", allow_pickle=False) for path in paths)
