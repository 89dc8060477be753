"""Choose pool images by any rule, from what the rules look at: one way for the stages and for `ballast select`."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from ballast.config.selections import Facility, HKMeans, KCenter, Mak, Random, Retrieval, Selection, SemDeDup
from ballast.embeddings.clusters import kmeans
from ballast.embeddings.shards import Shards
from ballast.runtime.errors import BallastError
from ballast.runtime.rng import generator
from ballast.selection import facility, hkmeans, mak, random, retrieval, semdedup
from ballast.selection.budget import budgets, cluster_means
from ballast.selection.kcenter import kcenter_greedy
from ballast.selection.share import share_of
from ballast.tailness.sparsity import neighbourhood_density


@dataclass(frozen=True)
class Evidence:
    """What a rule may look at: unit vectors of both sets, and MAK's scores of the pool. Random looks at nothing."""

    images: int  # of the pool, P
    in_domain: Tensor | None = None  # [N, d]
    pool: Tensor | Shards | None = None  # [P, d]
    ecle: Tensor | None = None  # MAK's tailness, [P]
    distance: Tensor | None = None  # MAK's distance to the in-domain images, [P]

    def within(self, rows: Tensor) -> "Evidence":
        """Return the same of some rows of the pool, of scores all: MAK standardizes them over the whole pool."""
        pool = None if self.pool is None else self.pool[rows]
        return Evidence(len(rows), self.in_domain, pool, self.ecle, self.distance)


def choose(selection: Selection, seen: Evidence, budget: int, seed: int, within: Tensor | None = None) -> pd.DataFrame:
    """Return what a rule chooses, in its order: column ``pool``, the row in the pool, and why the rule chose it.

    Args:
        selection: the rule and its settings.
        seen: what it may look at.
        budget: images to choose; the selection's ``share`` counts more.
        seed: of all that is drawn.
        within: rows of the pool to choose from, [M]; None: all.

    Raises:
        BallastError: there are not as many images.
    """
    if selection.share is not None:
        budget = share_of(selection.share, seen.images)
    rows = torch.arange(seen.images) if within is None else within
    if budget > len(rows):
        raise BallastError(f"budget: expected at most {len(rows)}, the images to choose from, got {budget}")
    found = RULES[type(selection)](selection, seen if within is None else seen.within(rows), budget, seed, rows)
    index = found.pop("pool").cpu()
    return pd.DataFrame({"pool": rows[index].numpy(), **{name: value.cpu().numpy() for name, value in found.items()}})


def _random(_: Random, seen: Evidence, budget: int, seed: int, rows: Tensor) -> dict[str, Tensor]:
    return {"pool": random.select(len(rows), budget, generator(seed, "select"))}


def _kcenter(_: KCenter, seen: Evidence, budget: int, seed: int, rows: Tensor) -> dict[str, Tensor]:
    return {"pool": kcenter_greedy(_held(seen.pool, seen.in_domain.device), seen.in_domain, budget)}


def _mak(selection: Mak, seen: Evidence, budget: int, seed: int, rows: Tensor) -> dict[str, Tensor]:
    if selection.alpha and seen.ecle.isnan().any():
        raise BallastError(f"alpha: expected 0 with given embeddings, got {selection.alpha}; tailness needs augmented "
                           f"passes, which only an encoder can make")
    q = mak.score(seen.ecle.nan_to_num(), seen.distance, selection.alpha)[rows]
    index = mak.select(q, seen.pool, seen.in_domain, budget, selection.ratio).cpu()
    return {"pool": index, "ecle": seen.ecle[rows][index], "distance": seen.distance[rows][index], "q": q[index]}


def _hkmeans(selection: HKMeans, seen: Evidence, budget: int, seed: int, rows: Tensor) -> dict[str, Tensor]:
    index, cluster = hkmeans.select(seen.pool, budget, selection.clusters, selection.resamplings, seed,
                                    generator(seed, "select"))
    return {"pool": index, "cluster": cluster}


def _semdedup(selection: SemDeDup, seen: Evidence, budget: int, seed: int, rows: Tensor) -> dict[str, Tensor]:
    left = round(selection.kept * len(rows))
    if left < budget:
        raise BallastError(f"kept: expected a fraction that leaves the budget of {budget} images, got "
                           f"{selection.kept}, which leaves {left} of {len(rows)}")
    index, duplication = semdedup.select(seen.pool, budget, selection.kept, selection.cells, seed,
                                         generator(seed, "select"))
    return {"pool": index, "duplication": duplication}


def _retrieval(selection: Retrieval, seen: Evidence, budget: int, seed: int, rows: Tensor) -> dict[str, Tensor]:
    z = seen.in_domain.float()
    label, centres = kmeans(z, selection.clusters)
    present = torch.bincount(label, minlength=len(centres)) > 0
    density = z.new_zeros(len(z))  # equal densities share equally
    if selection.budgets == "sparsity":
        density = neighbourhood_density(z, selection.neighbours)
    share = budgets(cluster_means(density, label, len(centres)).where(present, torch.nan), budget, 1.0, "largest")
    index, cluster, cosine, seed_image = retrieval.select(seen.pool, z, label, share)
    return {"pool": index, "cluster": cluster, "cosine": cosine, "seed": seed_image}


def _facility(selection: Facility, seen: Evidence, budget: int, seed: int, rows: Tensor) -> dict[str, Tensor]:
    index, gain = facility.select(seen.pool, seen.in_domain, budget, selection.clients, generator(seed, "select"))
    return {"pool": index, "gain": gain}


def _held(pool: Tensor | Shards, device: torch.device) -> Tensor:
    """Return the whole pool in memory: every image is a candidate of every pick."""
    return pool if isinstance(pool, Tensor) else torch.cat(list(pool.split(1 << 20))).to(device)


RULES: dict[type, Callable[[Selection, Evidence, int, int, Tensor], dict[str, Tensor]]] = {
    Random: _random, KCenter: _kcenter, Mak: _mak, HKMeans: _hkmeans, SemDeDup: _semdedup, Retrieval: _retrieval,
    Facility: _facility}
