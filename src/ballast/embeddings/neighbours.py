"""Exact nearest neighbours by cosine, with faiss where it is installed and with torch elsewhere.

The pipeline installs faiss-cpu: its search over all rows is multi-threaded and never holds the matrix of all cosines.
The fallback needs nothing but torch, so that the library also runs on machines for which there is no faiss build. Both
compare every pair and find the same rows; cosines may differ in the last bits.
"""

import numpy as np
import torch
from torch import Tensor

try:
    import faiss
except ImportError:
    faiss = None


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
    if faiss is None:
        return _torch_search(queries.float(), points.float(), k)
    flat = faiss.IndexFlatIP(points.shape[1])
    flat.add(_array(points))
    cosine, index = flat.search(_array(queries), k)
    return torch.from_numpy(cosine).to(points.device), torch.from_numpy(index).to(points.device)


def _array(z: Tensor) -> np.ndarray:
    return np.ascontiguousarray(z.float().cpu().numpy())


def _torch_search(queries: Tensor, points: Tensor, k: int, block: int = 4096) -> tuple[Tensor, Tensor]:
    nearest = [(rows @ points.T).topk(k, dim=1) for rows in queries.split(block)]
    return torch.cat([part.values for part in nearest]), torch.cat([part.indices for part in nearest])


def _without_self(cosine: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Drop each row's own index, or its last column where duplicates pushed the row itself out of its neighbours."""
    dropped = index == torch.arange(len(index), device=index.device)[:, None]
    dropped[:, -1] |= ~dropped.any(1)
    return tuple(column[~dropped].reshape(len(index), -1) for column in (cosine, index))
