"""SemDeDup: near duplicates by meaning are dropped, then images are drawn at random.

    within a cell of k-means, images in the order of their cosine to the centre, the smallest first:
    m_i = max over the images j before i of z_i.z_j;  an image is dropped where m_i > 1 - epsilon

As in the paper, epsilon follows from the fraction of the pool that shall be left.
Source: Abbas et al., SemDeDup: Data-efficient learning at web-scale through semantic deduplication, 2023, section 3
(docs/methods/semdedup.md).
"""

import torch
from torch import Generator, Tensor

from ballast.embeddings.lloyd import lloyd, nearest_centres
from ballast.embeddings.shards import Shards
from ballast.runtime.progress import track

LARGEST = 4096  # images of a cell that are compared with each other; a larger cell is compared in parts


def select(pool: Tensor | Shards, picks: int, kept: float, cells: int, seed: int, rng: Generator
           ) -> tuple[Tensor, Tensor]:
    """Return the indices [picks] of random images among those that are left, and m of each [picks].

    Args:
        pool: unit vectors, [P, d].
        picks: images to choose, at most what is left.
        kept: fraction of the pool that is left.
        cells: clusters of the pool.
        seed: of the start of k-means.
        rng: draws the images.
    """
    duplication = closest_before(pool, cells, seed)
    left = duplication.argsort(stable=True)[: round(kept * len(duplication))]
    chosen = left[torch.randperm(len(left), generator=rng)[:picks]]
    return chosen, duplication[chosen]


def closest_before(pool: Tensor | Shards, cells: int, seed: int) -> Tensor:
    """Return m [P], the largest cosine of an image to those before it in its cell; -1 for the first of a cell."""
    centres = lloyd(pool, min(cells, len(pool)), seed)
    label, distance = nearest_centres(pool, centres)
    order = distance.argsort(descending=True, stable=True)  # of unit vectors: the smallest cosine first
    order = order[label[order].argsort(stable=True)]
    found = torch.full((len(pool),), -1.0)
    sizes = torch.bincount(label, minlength=len(centres)).tolist()
    for members in track(order.split(sizes), "SemDeDup", unit="cell"):
        for part in members.split(LARGEST):
            if len(part) > 1:
                found[part] = of_cell(pool[part.to(pool.device)].float()).cpu()
    return found


def of_cell(z: Tensor) -> Tensor:
    """Return m [n] of the unit vectors z [n, d] of a cell in their order."""
    later = torch.ones(len(z), len(z), dtype=torch.bool, device=z.device).triu()
    return (z @ z.T).masked_fill_(later, -1.0).max(1).values
