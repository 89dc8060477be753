"""Exact nearest neighbours by cosine: faiss where it is installed, torch where not, the same result."""

import numpy as np
import torch
from torch import Tensor

try:
    import faiss
except ImportError:
    faiss = None


def nearest_neighbours(z: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k nearest others of every unit vector in z [N, d]: cosines [N, k], nearest first, and indices [N, k]."""
    return _without_self(*search(z, z, min(k, len(z) - 1) + 1))


def search(queries: Tensor, points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k points [N, d] with the largest cosine to every query [Q, d], unit vectors: cosines and indices [Q, k]."""
    if faiss is None:
        return _torch_search(queries.float(), points.float(), k)
    flat = faiss.IndexFlatIP(points.shape[1])
    flat.add(_array(points))
    cosine, index = flat.search(_array(queries), k)
    return torch.from_numpy(cosine).to(points.device), torch.from_numpy(index).to(points.device)


def _array(z: Tensor) -> np.ndarray:
    return np.ascontiguousarray(z.float().cpu().numpy())


def _torch_search(queries: Tensor, points: Tensor, k: int, block: int = 4096) -> tuple[Tensor, Tensor]:
    found = [(part @ points.T).topk(k, dim=1) for part in queries.split(block)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def _without_self(cosine: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Drop each row's own index, or its last column where a duplicate pushed the row itself out."""
    own = index == torch.arange(len(index), device=index.device)[:, None]
    own[:, -1] |= ~own.any(1)
    return tuple(t[~own].reshape(len(index), -1) for t in (cosine, index))
