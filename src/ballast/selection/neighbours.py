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
    k = min(k, len(z) - 1)
    if faiss is None:
        cosine, index = _torch_search(z, k + 1)
    else:
        points = np.ascontiguousarray(z.float().cpu().numpy())
        flat = faiss.IndexFlatIP(points.shape[1])
        flat.add(points)
        cosine, index = (torch.from_numpy(found).to(z.device) for found in flat.search(points, k + 1))
    return _without_self(cosine, index)


def _torch_search(z: Tensor, k: int, block: int = 4096) -> tuple[Tensor, Tensor]:
    found = [(part @ z.T).topk(k, dim=1) for part in z.float().split(block)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def _without_self(cosine: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Drop each row's own index, or its last column where a duplicate pushed the row itself out."""
    own = index == torch.arange(len(index), device=index.device)[:, None]
    own[:, -1] |= ~own.any(1)
    return tuple(t[~own].reshape(len(index), -1) for t in (cosine, index))
