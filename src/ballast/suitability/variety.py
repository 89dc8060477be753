"""Variety of a pool: how many different images it is worth.

    clusters = exp(-sum_c p_c log p_c), p_c the part of the pool in cluster c of k-means
    Vendi    = exp(-sum_j l_j log l_j), l the eigenvalues of Z^T Z / n for unit vectors Z [n, d]

Sources: Hill (1973), order 1; Friedman and Dieng, The Vendi Score, TMLR 2023, eq. 2 (docs/suitability.md).
"""

import torch
from torch import Tensor

from ballast.embeddings.lloyd import lloyd, nearest_centres


def effective_clusters(z: Tensor, clusters: int, seed: int) -> float:
    """Return the effective number of clusters of z [P, d], between 1 and ``clusters``."""
    label, _ = nearest_centres(z, lloyd(z, min(clusters, len(z)), seed))
    return _effective(torch.bincount(label).double() / len(label))


def vendi(z: Tensor) -> float:
    """Return the Vendi score of unit vectors z [n, d], between 1 and d."""
    z = z.double()
    return _effective(torch.linalg.eigvalsh(z.T @ z / len(z)))


def _effective(parts: Tensor) -> float:
    parts = parts[parts > 1e-12]
    return float((-(parts * parts.log()).sum()).exp())
