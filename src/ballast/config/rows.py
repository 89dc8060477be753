"""What params.yaml holds: the run, the rows of the result table, and variants of rows."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len, Lt

from ballast.config.build import ByKey
from ballast.config.merge import merged
from ballast.config.profile import Count, Fraction, WholeNumber
from ballast.runtime.errors import BallastError

Framework = Literal["simclr", "sdclr"]
PrunedFraction = Annotated[float, Ge(0), Lt(1)]
HeadLayers = Annotated[int, Ge(2), Le(3)]


@dataclass(frozen=True, kw_only=True)
class SelectRandom:
    """Pool images at random."""

    rule: Literal["random"]


@dataclass(frozen=True, kw_only=True)
class SelectKCenter:
    """Pool images by greedy k-center (ballast.selection.kcenter)."""

    rule: Literal["kcenter"]


@dataclass(frozen=True, kw_only=True)
class SelectMak:
    """Pool images by MAK (ballast.selection.mak)."""

    rule: Literal["mak"]
    alpha: Fraction  # weight of tailness against proximity
    ratio: Annotated[float, Ge(1)]  # candidates per pick


@dataclass(frozen=True, kw_only=True)
class MethodRow:
    """A row that is pre-trained. Its ``pretrain`` is part of a recipe (ballast.config.recipe)."""

    images: Literal["longtail", "balanced"]
    pool: str  # none, all, or the row whose selection joins the training
    select: Annotated[SelectRandom | SelectKCenter | SelectMak, ByKey("rule")] | None = None
    pretrain: dict


@dataclass(frozen=True, kw_only=True)
class StudentRow:
    """A row that is trained under a guide. Settings of ballast.ideas.guidance may join these."""

    guide: str
    framework: Framework
    prune: PrunedFraction | None = None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The row ``of`` with values of params.yaml changed, which is compared with it."""

    of: str
    row: str | None = None  # the row that is evaluated, where it is not ``of``
    set: Annotated[dict, Len(1)]  # values by their dotted paths in params.yaml, as for `dvc exp run -S`

    @property
    def reported(self) -> str:
        """The row that is evaluated."""
        return self.row or self.of


@dataclass(frozen=True, kw_only=True)
class Params:
    """params.yaml."""

    seed: WholeNumber
    split: WholeNumber
    threads: Count
    deterministic: bool
    dataset: str
    profile: str
    show: Annotated[list[str], Len(1)]
    methods: dict[str, MethodRow]
    students: dict[str, dict] = field(default_factory=dict)
    variants: dict[str, Variant] = field(default_factory=dict)


def with_variant(params: dict, name: str) -> dict:
    """Return the parameters with the values of a variant set; mappings are merged, as by `-S`."""
    changed = deepcopy(params)
    for path, value in params["variants"][name]["set"].items():
        *way, last = path.split(".")
        block = changed
        for part in way:
            block = block.setdefault(part, {})
            if not isinstance(block, dict):
                raise BallastError(f"{path}: expected a mapping at {part}, got {block!r}")
        is_mapping = isinstance(value, dict) and isinstance(block.get(last), dict)
        block[last] = merged(block[last], value) if is_mapping else deepcopy(value)
    return changed


def overrides(variant: dict) -> list[str]:
    """Return what `dvc exp run -S` takes for a variant: a word per value, added where the row does not have it."""
    return [f"++{path}={hydra_value(value)}" for path, value in variant["set"].items()]


def hydra_value(value: object) -> str:
    """Return a value in the syntax of Hydra's overrides."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{hydra_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(hydra_value, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
