"""All measures of a pool together, from embeddings alone, in time linear in the pool."""

from dataclasses import asdict, dataclass

import pandas as pd
import torch
from torch import Tensor

from ballast.embeddings.clusters import kmeans
from ballast.embeddings.shards import Shards
from ballast.runtime.rng import generator
from ballast.suitability.coverage import covered
from ballast.suitability.distances import mmd2, separability
from ballast.suitability.duplicates import bound_within, duplicated, pairs
from ballast.tailness.sparsity import neighbourhood_density

CLUSTERS = 10  # of the in-domain images
SPARSE = 3  # of them, the sparsest
NEIGHBOURS = 10  # of their sparsity
LARGEST = 50_000  # pool images that are looked at, drawn at random
PAIRS = 2000  # images of a set that are compared in pairs


@dataclass(frozen=True)
class Suitability:
    """What is known of a pool; docs/suitability.md says which of it has predicted a gain."""

    coverage: float  # fraction of the in-domain images with a pool image in their neighbourhood
    coverage_sparse: float  # the same of the sparsest clusters, as the mean over clusters
    separability: float  # AUC of a classifier between the sets, 0.5 to 1
    mmd2: float  # squared kernel distance
    duplicates: float  # fraction of the pool with a near duplicate in it
    copies: float  # fraction of the pool with a near duplicate among the in-domain images

    def rounded(self) -> dict[str, float]:
        """Return the values with four digits."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def suitability(in_domain: Tensor, pool: Tensor | Shards, seed: int) -> tuple[Suitability, pd.DataFrame]:
    """Return the measures of a pool, and a line for each cluster of the in-domain images, the sparsest first.

    Args:
        in_domain: unit vectors, [N, d].
        pool: unit vectors, [P, d].
        seed: of the images that are drawn.
    """
    x = in_domain.float().cpu()
    y = drawn(pool, LARGEST, seed)
    hit = covered(x, y)
    label, _ = kmeans(x, CLUSTERS)
    images = pd.DataFrame({"cluster": label, "density": neighbourhood_density(x, NEIGHBOURS), "coverage": hit.float()})
    by_cluster = images.groupby("cluster").agg(
        images=("density", "size"), density=("density", "mean"), coverage=("coverage", "mean")).sort_values("density")
    bound = bound_within(x)
    few_x, few_y = drawn(x, PAIRS, seed), y[:PAIRS]
    found = Suitability(
        coverage=float(hit.float().mean()), coverage_sparse=float(by_cluster["coverage"][:SPARSE].mean()),
        separability=separability(few_x, few_y), mmd2=mmd2(few_x, few_y), duplicates=duplicated(few_y, y, bound),
        copies=len(pairs(y, x, bound)) / len(y))
    return found, by_cluster.reset_index()


def drawn(z: Tensor | Shards, count: int, seed: int) -> Tensor:
    """Return at most ``count`` rows of z, drawn and in random order, as float32 on the CPU."""
    index = torch.randperm(len(z), generator=generator(seed, "suitability"))[:count]
    return z[index.to(z.device)].float().cpu()
