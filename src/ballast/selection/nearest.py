"""COLT's choice: each cluster in turn takes the pool images nearest to its centre that no earlier one has taken.

One pass over the pool in memory O(C K d) suffices: what a cluster takes is among its K' nearest images, where K' is the
sum of the budgets up to and including its own. So the pool may be a stream, and every rank may see a part of it.

Source: COLT (Bai et al., ICLR 2023, algorithm 2; docs/methods/colt.md).
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.embeddings.shards import Shards
from ballast.runtime.distributed import gathered, world_size
from ballast.runtime.ranks import rank

BLOCK = 1 << 18  # rows that are compared at a time


class Taken(NamedTuple):
    """What the clusters take, in the order of selection; all indices differ."""

    index: Tensor  # rows of the pool [K]
    cluster: Tensor  # [K]
    cosine: Tensor  # to the centre of the cluster [K]
    z: Tensor  # the vectors [K, d]


class Nearest(NamedTuple):
    """The nearest images of a cluster so far, the nearest first."""

    cosine: Tensor  # [k]
    index: Tensor  # [k]
    z: Tensor  # [k, d]

    def best(self, count: int) -> "Nearest":
        """Return the ``count`` nearest, or all if there are fewer."""
        top = self.cosine.topk(min(count, len(self.cosine)))
        return Nearest(top.values, self.index[top.indices], self.z[top.indices])

    def joined(self, other: "Nearest") -> "Nearest":
        """Return both, one after the other."""
        return Nearest(*(torch.cat(pair) for pair in zip(self, other)))


def nearest_to_centres(
    pool: Tensor | Shards, centres: Tensor, budget: Tensor, block: int = BLOCK
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what the clusters take from a pool that all ranks have: pool indices, clusters and cosines, each [K].

    Args:
        pool: unit vectors, [P, d].
        centres: the clusters' centres, [C, d], of any length.
        budget: pool images of each cluster, [C]; their sum K is at most P.
        block: rows of the pool compared at a time.
    """
    return take(islice(numbered(pool.split(block)), rank(), None, world_size()), centres, budget, block)[:3]


def numbered(blocks: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield consecutive blocks [B, d] of a matrix with the numbers [B] of their rows before."""
    start = 0
    for rows in blocks:
        yield torch.arange(start, start + len(rows)), rows
        start += len(rows)


def take(stream: Iterable[tuple[Tensor, Tensor]], centres: Tensor, budget: Tensor, block: int = BLOCK) -> Taken:
    """Return what the clusters take from a stream of pool images.

    Args:
        stream: row numbers [B] and unit vectors [B, d]; with several ranks, each rank has a part of the pool.
        centres: the clusters' centres, [C, d], of any length.
        budget: pool images of each cluster, [C]; their sum K is at most the number of pool images.
        block: images that are compared at a time, of which as many wait in memory.
    """
    centres = normalize(centres)
    counts = budget.cumsum(0).tolist()
    candidates: list[Nearest] = []
    for index, z in regrouped(stream, block):
        index, z = index.to(centres.device), z.to(centres.device).float()
        found = [Nearest(z @ centre, index, z).best(count) for centre, count in zip(centres, counts)]
        candidates = [a.joined(b).best(count) for a, b, count in zip(candidates, found, counts)] or found
    if world_size() > 1:
        nothing = Nearest(centres[0, :0], budget[:0].to(centres.device), centres[:0])  # of a rank without images
        candidates = [Nearest(*map(gathered, found)).best(count)
                      for found, count in zip(candidates or [nothing] * len(counts), counts)]
    return greedy(candidates, budget.tolist())


def greedy(candidates: list[Nearest], budget: list[int]) -> Taken:
    """Let each cluster in turn take its nearest images that are free yet."""
    selected = []
    taken = candidates[0].index[:0]
    for cluster, (found, count) in enumerate(zip(candidates, budget)):
        free = (~torch.isin(found.index, taken)).nonzero().squeeze(1)[:count]
        taken = torch.cat([taken, found.index[free]])
        selected.append((found.index[free], torch.full_like(free, cluster), found.cosine[free], found.z[free]))
    return Taken(*(torch.cat(column) for column in zip(*selected)))


def regrouped(stream: Iterable[tuple[Tensor, Tensor]], rows: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the same rows, small blocks joined to blocks of at most ``rows`` rows."""
    waiting: list[tuple[Tensor, Tensor]] = []
    count = 0
    for pair in stream:
        if waiting and count + len(pair[0]) > rows:
            yield tuple(map(torch.cat, zip(*waiting)))
            waiting, count = [], 0
        waiting.append(pair)
        count += len(pair[0])
    if waiting:
        yield tuple(map(torch.cat, zip(*waiting)))
