"""One round of online sampling: embed, cluster, measure tailness, give out budgets, choose (methods.md 1.6, 1.7)."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from ballast.embeddings.clusters import kmeans, refine_by_kl
from ballast.encoders.embed import embed
from ballast.encoders.model import Model
from ballast.images.store import Store
from ballast.selection import random
from ballast.selection.budget import budgets, cluster_means, nearest_to_centres
from ballast.tailness.sparsity import crowding


@dataclass(frozen=True)
class Resampling:
    """How a method chooses pool images while it trains; the rounds (budget, warmup, every) are the profile's."""

    budget: int
    warmup: int  # epochs before the first round
    every: int  # epochs between rounds
    tailness: str  # density: COLT's memory; sparsity: the guide's; random: none, a fresh uniform subset every round
    neighbours: float  # largest negative probabilities, below 1 as a share of them; or nearest neighbours
    momentum: float  # of the density memory
    clusters: int
    refine: bool  # KL refinement of the clusters
    temperature: float  # tau_c of the budgets
    remainder: str  # who gets what the floor leaves over


class Round(NamedTuple):
    """What one round chose, each [K] in the order taken, and the embeddings at that time."""

    index: Tensor
    cluster: Tensor  # -1 where it went by none
    cosine: Tensor
    seed: Tensor  # unit projections [N, d]
    pool: Tensor  # of the chosen images [K, d]


def sample(model: Model, seed: Store, pool: Store, density: Tensor | None, how: Resampling, rng: Generator) -> Round:
    """Choose ``how.budget`` images of the pool for N seed images.

    density: COLT's memory rho [N]; None where tailness is the sparsity of the embedding itself, or nothing.
    """
    z_seed, z_pool = embed(model, seed)[1], embed(model, pool)[1]
    if how.tailness == "random":
        index = random.select(len(pool), how.budget, rng).to(z_pool.device)
        nothing = torch.full_like(index, -1)
        return Round(index, nothing, nothing.float(), z_seed, z_pool[index])
    labels, centres = kmeans(z_seed, how.clusters)
    if how.refine:
        labels, centres = refine_by_kl(z_seed, centres)
    crowd = crowding(z_seed, int(how.neighbours)) if density is None else density
    share = budgets(cluster_means(crowd, labels, len(centres)), how.budget, how.temperature, how.remainder)
    index, cluster, cosine = nearest_to_centres(z_pool, centres, share)
    return Round(index, cluster, cosine, z_seed, z_pool[index])
