"""A fast k-means by faiss, for clusters of a whole pool; its cost is linear in the images."""

import numpy as np
import torch
from torch import Tensor

from ballast.embeddings.shards import Shards
from ballast.runtime.errors import BallastError
from ballast.runtime.rng import generator

POINTS = 256  # rows per centre that k-means learns from, as in faiss
ITERATIONS = 10
BLOCK = 1 << 16  # rows that are compared with all centres at a time


def lloyd(points: Tensor | Shards, clusters: int, seed: int) -> Tensor:
    """Return the centres [clusters, d] of the rows of points [N, d].

    k-means starts at random rows, stops after 10 iterations, and learns from at most 256 rows per centre.
    """
    try:
        import faiss
    except ImportError as error:
        raise BallastError("k-means of a pool needs faiss: install faiss-cpu") from error
    if len(points) > POINTS * clusters:
        some = torch.randperm(len(points), generator=generator(seed, "lloyd"))[: POINTS * clusters].sort().values
        points = points[some.to(points.device)]
    rows = points if isinstance(points, Tensor) else torch.cat(list(points.split(BLOCK)))
    rows = np.ascontiguousarray(rows.float().cpu().numpy())
    fitted = faiss.Kmeans(rows.shape[1], clusters, niter=ITERATIONS, seed=seed + 1, min_points_per_centroid=1,
                          max_points_per_centroid=len(rows))
    fitted.train(rows)
    return torch.from_numpy(fitted.centroids.copy())


def nearest_centres(points: Tensor | Shards, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Return the nearest centre of every row of points [N, d], and its squared Euclidean distance, each [N]."""
    import faiss

    index = faiss.IndexFlatL2(centres.shape[1])
    index.add(centres.numpy())
    found = [index.search(np.ascontiguousarray(rows.float().cpu().numpy()), 1) for rows in points.split(BLOCK)]
    return (torch.from_numpy(np.concatenate([label for _, label in found])[:, 0]),
            torch.from_numpy(np.concatenate([distance for distance, _ in found])[:, 0]))
