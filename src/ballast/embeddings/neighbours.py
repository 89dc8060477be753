"""Nearest neighbours by cosine, with faiss where it is installed and with torch elsewhere.

The pipeline installs faiss-cpu: its search over all rows is multi-threaded and never holds the matrix of all cosines.
The fallback needs nothing but torch, so that the library also runs on machines for which there is no faiss build. Both
compare every pair, unless an index of more than some points is asked for, and find the same rows; cosines may differ in
the last bits.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

try:
    import faiss
except ImportError:
    faiss = None

BLOCK = 1 << 18  # points that are added at once
LEARNED = 256_000  # points from which the centres of cells are learned
ITERATIONS = 10  # of their k-means
PROBES = 32


def nearest_neighbours(z: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k nearest other rows of every row of z [N, d], unit vectors.

    Returns:
        Cosines, nearest first, and indices, each [N, min(k, N - 1)].
    """
    return _without_self(*search(z, z, min(k, len(z) - 1) + 1))


def search(queries: Tensor, points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k points with the largest cosine to every query.

    Args:
        queries: unit vectors, [Q, d].
        points: unit vectors, [N, d].
        k: neighbours per query, at most N.

    Returns:
        Cosines, nearest first, and indices of points, each [Q, k].
    """
    return searcher(points)(queries, k)


def searcher(points: Tensor, exact: int | None = None) -> Callable[[Tensor, int], tuple[Tensor, Tensor]]:
    """Return what finds, of queries [Q, d] and k, what ``search`` returns; for many blocks of queries.

    Args:
        points: unit vectors, [N, d].
        exact: the number of points up to which every query is compared with each of them; None: always. Beyond, with
            faiss, a query is compared with the points of those of its 4 sqrt(N) cells whose centres are nearest, PROBES
            of them: near duplicates lie in the same cell or the next.
    """
    if faiss is None:
        return partial(_torch_search, points.float())
    flat = index = faiss.IndexFlatIP(points.shape[1])
    if exact is not None and len(points) > exact:
        index = faiss.IndexIVFFlat(flat, points.shape[1], int(4 * len(points) ** 0.5), faiss.METRIC_INNER_PRODUCT)
        index.cp.niter, index.nprobe = ITERATIONS, PROBES
        index.train(_array(points[:: max(1, len(points) // LEARNED)]))
    for block in points.split(BLOCK):
        index.add(_array(block))

    def found(queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        cosine, nearest = index.search(_array(queries), k)
        return torch.from_numpy(cosine).to(points.device), torch.from_numpy(nearest).to(points.device)

    return found


def _array(z: Tensor) -> np.ndarray:
    return np.ascontiguousarray(z.float().cpu().numpy())


def _torch_search(points: Tensor, queries: Tensor, k: int, block: int = 4096) -> tuple[Tensor, Tensor]:
    nearest = [(rows @ points.T).topk(k, dim=1) for rows in queries.float().split(block)]
    return torch.cat([part.values for part in nearest]), torch.cat([part.indices for part in nearest])


def _without_self(cosine: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Drop each row's own index, or its last column where duplicates pushed the row itself out of its neighbours."""
    dropped = index == torch.arange(len(index), device=index.device)[:, None]
    dropped[:, -1] |= ~dropped.any(1)
    return tuple(column[~dropped].reshape(len(index), -1) for column in (cosine, index))
