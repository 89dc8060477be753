"""Retrieval: the pool images nearest to the in-domain images, with a budget for each cluster of these.

    images of a cluster take their nearest pool image in turn, those with larger cosines first, then their second
    nearest, and on; an image that is taken is skipped, until the cluster has its budget

The budgets are equal, or COLT's softmax of the clusters' sparsity (ballast.selection.budget). Retrieval of curated
images' neighbours is from DINOv2 (Oquab et al., TMLR 2024, section 3); docs/methods/retrieval.md.
"""

import torch
from torch import Tensor

from ballast.embeddings.neighbours import search
from ballast.embeddings.shards import Shards

BLOCK = 1 << 18  # rows of Shards that are searched at a time


def select(pool: Tensor | Shards, in_domain: Tensor, label: Tensor, budget: Tensor
           ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return pool indices, clusters, cosines and in-domain images (nearest seeds), each [K], cluster by cluster.

    Args:
        pool: unit vectors, [P, d].
        in_domain: unit vectors of the in-domain images, [N, d].
        label: cluster of every in-domain image, [N].
        budget: pool images of each cluster, [C]; their sum K is at most P. A cluster without images has none.
    """
    free = torch.ones(len(pool), dtype=torch.bool, device=in_domain.device)
    found = []
    for cluster, count in enumerate(budget.tolist()):
        seeds = (label == cluster).nonzero().squeeze(1)
        if count:
            index, cosine, seed = _of_cluster(pool, in_domain[seeds], free, count)
            free[index] = False
            found.append((index, torch.full_like(index, cluster), cosine, seeds[seed]))
    return tuple(torch.cat(column) for column in zip(*found))


def _of_cluster(pool: Tensor | Shards, seeds: Tensor, free: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return indices, cosines and seeds of the free images that a cluster takes; it looks farther until it has all."""
    k = min(len(pool), 2 * -(-count // len(seeds)) + 8)
    while True:
        taken = in_turn(*nearest(pool, seeds, k), free, count)
        if len(taken[0]) == count or k == len(pool):
            return taken
        k = min(len(pool), 2 * k)


def in_turn(cosine: Tensor, index: Tensor, free: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the first ``count`` different free images in the order of rank, then of cosine: index, cosine, seed.

    Args:
        cosine: of every seed to its nearest pool images, nearest first, [n, k].
        index: of these pool images, [n, k].
        free: which pool images may be taken, [P].
        count: images to take.
    """
    by_rank, seed = cosine.T.sort(dim=1, descending=True, stable=True)  # [k, n]
    image = index.T.gather(1, seed).flatten()
    usable = free[image].nonzero().squeeze(1)
    image, by_rank, seed = image[usable], by_rank.flatten()[usable], seed.flatten()[usable]
    first = _first_occurrences(image)[:count]
    return image[first], by_rank[first], seed[first]


def _first_occurrences(value: Tensor) -> Tensor:
    """Return the positions at which a number occurs for the first time, in their order."""
    order = value.argsort(stable=True)
    new = torch.ones(len(value), dtype=torch.bool, device=value.device)
    new[1:] = value[order][1:] != value[order][:-1]
    return order[new].sort().values


def nearest(pool: Tensor | Shards, seeds: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return cosines and indices [n, k] of the pool images nearest to every seed, nearest first."""
    if isinstance(pool, Tensor):
        return search(seeds.float(), pool, k)
    best, start = None, 0
    for rows in pool.split(BLOCK):
        rows = rows.to(seeds.device)
        cosine, index = search(seeds.float(), rows, min(k, len(rows)))
        part = cosine, index + start
        start += len(rows)
        if best is not None:
            joined, index = (torch.cat(pair, 1) for pair in zip(best, part))
            top = joined.topk(min(k, joined.shape[1]), dim=1)
            part = top.values, index.gather(1, top.indices)
        best = part
    return best
