"""Balanced sampling from hierarchical k-means: frequent concepts of a pool do not crowd out rare ones.

    level 1 clusters the images, level t + 1 the centres of level t; every level is clustered again, several times,
    from the r points nearest to each centre, so that dense regions get no more clusters than sparse ones;
    from the top, a cluster's budget n is divided among its parts j by n_j = min(size_j, s), sum over j of n_j = n,
    and a cluster of the first level gives random images.

Source: Vo et al., Automatic Data Curation for Self-Supervised Learning, TMLR 2024, sections 3.2 and 3.3
(docs/methods/hkmeans.md). The clusters are by Euclidean distance of unit vectors.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from ballast.embeddings.clusters import kmeans
from ballast.embeddings.lloyd import lloyd, nearest_centres
from ballast.embeddings.shards import Shards
from ballast.runtime.progress import track
from ballast.selection.spread import spread_evenly

FEW = 2000  # points that scikit-learn clusters in seconds
NEAREST = 10  # r, points nearest to a centre that a level is clustered from again


def select(pool: Tensor | Shards, picks: int, clusters: Sequence[int], resamplings: int, seed: int, rng: Generator
           ) -> tuple[Tensor, Tensor]:
    """Return the indices [picks] of the chosen images, and their clusters of the first level [picks].

    Args:
        pool: unit vectors, [P, d].
        picks: images to choose, at most P.
        clusters: of every level, the finest first.
        resamplings: times that a level is clustered again.
        seed: of the starts of k-means.
        rng: draws the images within a cluster.
    """
    levels = hierarchy(pool, clusters, resamplings, seed)
    leaf = levels[0]
    given = shares(levels, picks)
    order = torch.randperm(len(leaf), generator=rng)
    order = order[leaf[order].argsort(stable=True)]  # cluster by cluster, within one in random order
    sizes = torch.bincount(leaf, minlength=len(given))
    rank = torch.arange(len(leaf)) - (sizes.cumsum(0) - sizes)[leaf[order]]
    chosen = order[rank < given[leaf[order]]]
    return chosen, leaf[chosen]


def shares(levels: list[Tensor], picks: int) -> Tensor:
    """Return how many images each cluster of the first level gives [C_1], divided evenly from the top.

    levels: cluster of every image [P], then that of every cluster of the level below, [C_1], [C_2] and on.
    """
    sizes = [torch.bincount(levels[0])]
    for cluster in levels[1:]:
        sizes.append(torch.zeros(int(cluster.max()) + 1, dtype=torch.long).index_add_(0, cluster, sizes[-1]))
    given = spread_evenly(sizes[-1], picks)
    for cluster, size in zip(reversed(levels[1:]), reversed(sizes[:-1])):
        below = torch.zeros_like(size)
        for parent in given.nonzero().squeeze(1).tolist():
            parts = (cluster == parent).nonzero().squeeze(1)
            below[parts] = spread_evenly(size[parts], int(given[parent]))
        given = below
    return given


def hierarchy(pool: Tensor | Shards, clusters: Sequence[int], resamplings: int, seed: int) -> list[Tensor]:
    """Return the cluster of every image [P], then of every centre of the level below; empty clusters are left out."""
    points, levels = pool, []
    for number in track(clusters, "hierarchical k-means", unit="level"):
        centres, label = level(points, min(number, len(points)), resamplings, seed)
        present, label = label.unique(return_inverse=True)
        levels.append(label)
        points = centres[present]
    return levels


def level(points: Tensor | Shards, clusters: int, resamplings: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return the centres [C, d] of one level and the cluster of every point [N], after clustering it again."""
    centres = fitted(points, clusters, seed)
    label, distance = nearest_centres(points, centres)
    for number in range(resamplings):
        near = nearest_members(label, distance, NEAREST)
        if len(near) >= len(points) or len(near) <= clusters:
            break  # nothing is left out, or too little would be left
        centres = fitted(points[near.to(points.device)], clusters, seed + 1 + number)
        label, distance = nearest_centres(points, centres)
    return centres, label


def fitted(points: Tensor | Shards, clusters: int, seed: int) -> Tensor:
    """Return the centres of k-means: the best of several starts for few points, such as centres of a level below."""
    if len(points) <= FEW:
        return kmeans(points[torch.arange(len(points), device=points.device)], clusters, seed)[1].cpu()
    return lloyd(points, clusters, seed)


def nearest_members(label: Tensor, distance: Tensor, count: int) -> Tensor:
    """Return the indices of the ``count`` points of every cluster that are nearest to its centre, in their order."""
    order = distance.argsort(stable=True)
    order = order[label[order].argsort(stable=True)]
    sizes = torch.bincount(label)
    rank = torch.arange(len(label)) - (sizes.cumsum(0) - sizes)[label[order]]
    return order[rank < count].sort().values
