"""Selections of pool images, made once before any training: the block ``selections`` of params.yaml."""

from dataclasses import dataclass, fields
from typing import Annotated, Literal, get_args, get_type_hints

from annotated_types import Ge, Gt, Le, Len

from ballast.config.build import ByKey
from ballast.config.profile import Count, Fraction

NEEDS = {"random": "none", "mak": "scores"}  # what rules choose by; all others by embeddings


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What all selections have. A class below adds what its rule, a file of ballast.selection, takes."""

    of: str  # all, or the selection that it chooses from
    by: Literal["none", "embed", "scores"]  # the folder of data that it needs
    share: Annotated[float, Gt(0), Le(1)] | None = None  # of the pool; None: as many as the profile's sampling.budget

    def problem(self) -> str | None:
        """Return what is wrong beyond types and bounds."""
        needed = NEEDS.get(self.rule, "embed")
        return None if self.by == needed else f"by: expected {needed}, which the rule {self.rule} needs, got {self.by}"


@dataclass(frozen=True, kw_only=True)
class Random(Selection):
    """Pool images at random."""

    rule: Literal["random"]


@dataclass(frozen=True, kw_only=True)
class KCenter(Selection):
    """Pool images that cover the pool, by greedy K-center."""

    rule: Literal["kcenter"]


@dataclass(frozen=True, kw_only=True)
class Mak(Selection):
    """Pool images that look rare, lie near and differ, by MAK."""

    rule: Literal["mak"]
    alpha: Fraction = 0.3  # weight of tailness against proximity
    ratio: Annotated[float, Ge(1), Le(1000)] = 1.5  # candidates per pick


@dataclass(frozen=True, kw_only=True)
class HKMeans(Selection):
    """Pool images spread evenly over a hierarchy of clusters."""

    rule: Literal["hkmeans"]
    clusters: Annotated[list[Count], Len(1)] = (1000, 100)  # of every level, the finest first
    # times that a level is clustered again, from the images nearest to its centres
    resamplings: Annotated[int, Ge(0), Le(1000)] = 2


@dataclass(frozen=True, kw_only=True)
class SemDeDup(Selection):
    """Pool images at random, of those that are left without near duplicates."""

    rule: Literal["semdedup"]
    kept: Annotated[float, Gt(0), Le(1)] = 0.5  # fraction of the pool that is left
    cells: Count = 100  # clusters within which images are compared


@dataclass(frozen=True, kw_only=True)
class Retrieval(Selection):
    """Pool images nearest to the in-domain images, cluster by cluster."""

    rule: Literal["retrieval"]
    clusters: Count = 10  # of the in-domain images
    budgets: Literal["uniform", "sparsity"] = "uniform"  # sparsity: COLT's softmax, more for clusters that look rare
    neighbours: Count = 10  # k of the sparsity


@dataclass(frozen=True, kw_only=True)
class Facility(Selection):
    """Pool images to one of which every image of the pool is similar, by facility location."""

    rule: Literal["facility"]
    clients: Annotated[float, Ge(1), Le(1000)] = 4.0  # images that have to be similar, per pick; drawn from the pool


AnySelection = Annotated[Random | KCenter | Mak | HKMeans | SemDeDup | Retrieval | Facility, ByKey("rule")]
BY_RULE = {get_args(get_type_hints(kind)["rule"])[0]: kind
           for kind in (Random, KCenter, Mak, HKMeans, SemDeDup, Retrieval, Facility)}


def settings_of(rule: str) -> list[str]:
    """Return the names of what a rule takes beside what all selections have."""
    shared = {field.name for field in fields(Selection)} | {"rule"}
    return [field.name for field in fields(BY_RULE[rule]) if field.name not in shared]
