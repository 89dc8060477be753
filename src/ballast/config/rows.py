"""What params.yaml holds, the run and the rows of the result table, and the variants in configs/variants.yaml."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len, Lt

from ballast.config.build import shown
from ballast.config.files import VARIANTS
from ballast.config.merge import merged
from ballast.config.profile import WholeNumber
from ballast.config.selections import AnySelection
from ballast.runtime.errors import BallastError

Framework = Literal["simclr", "sdclr"]
PrunedFraction = Annotated[float, Ge(0), Lt(1)]
HeadLayers = Annotated[int, Ge(2), Le(3)]
WHOLE_POOL = ("all", "seen")  # values of ``pool`` for every image; ``seen``: chosen by those of ``embed.encoder``
BLOCKS = ("methods", "students", "selections")  # of params.yaml, whose entries a variant may change


@dataclass(frozen=True, kw_only=True)
class MethodRow:
    """A row that is pre-trained. Its ``pretrain`` is part of a recipe (ballast.config.recipe)."""

    images: Literal["longtail", "balanced", "none"]
    pool: str  # none, all, seen, or a selection, which joins the training, or from which the row samples
    weights: str  # to start from: none, a row, or a name of ``Params.weights``
    pretrain: dict


@dataclass(frozen=True, kw_only=True)
class StudentRow:
    """A row that is trained under a guide. Settings of ballast.ideas.guidance may join these."""

    guide: str
    framework: Framework
    prune: PrunedFraction | None = None


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """What the embeddings are from by which pool images are chosen."""

    encoder: str  # a row, or a name of ``Params.weights`` or ``Params.embeddings``


@dataclass(frozen=True, kw_only=True)
class GivenEmbeddings:
    """Files of embeddings, each with a row for every image."""

    images: str  # of data/images/train
    pool: str


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The row ``of`` with values of params.yaml changed, which is compared with it."""

    of: str
    row: str | None = None  # the row that is evaluated, where it is not ``of``
    set: Annotated[dict, Len(1)]  # values by their dotted paths in params.yaml, as for `dvc exp run -S`

    @property
    def reported(self) -> str:
        """Return the row that is evaluated."""
        return self.row or self.of


@dataclass(frozen=True, kw_only=True)
class Params:
    """The values of params.yaml, and of configs/variants.yaml as ``variants``."""

    repeats: Annotated[int, Ge(1), Le(1000)]
    split: WholeNumber  # of the first repeat, like the seed
    seed: WholeNumber
    jobs: Annotated[int, Ge(0), Le(1024)]  # 0: one for each core or GPU
    threads: Annotated[int, Ge(1), Le(1024)]
    portable: bool
    deterministic: bool
    dataset: str
    profile: str
    weights: dict[str, str]  # files of weights by a name of the user's, which rows may start from
    embeddings: dict[str, GivenEmbeddings]  # of the user's, by a name
    embed: Eyes
    show: Annotated[list[str], Len(1)]
    compare: list[str]  # pairs of rows, as ``pairs`` reads them
    export: list[str]  # rows of ``show`` whose encoders leave with a graph and a card
    selections: dict[str, AnySelection]  # of pool images, by the names that rows give as ``pool``
    methods: dict[str, MethodRow]
    students: dict[str, dict]  # required, since dvc.yaml has a stage for each
    variants: dict[str, Variant] = field(default_factory=dict)


def pairs(compare: list[str]) -> list[tuple[str, str]]:
    """Return the pairs of rows of ``compare``: "colt over random" is the gain of colt over random.

    Raises:
        BallastError: a text is none of this form.
    """
    words = [text.split(" over ") for text in compare]
    wrong = next((text for text, pair in zip(compare, words) if len(pair) != 2), None)
    if wrong is not None:
        raise BallastError(f"params.yaml: compare: expected texts like `colt over random`, got {shown(wrong)}")
    return [(row.strip(), other.strip()) for row, other in words]


def row_of(path: str) -> tuple[str, str] | None:
    """Return block and name of the dotted path of a value in a row or selection, like selections.mak.alpha, or None."""
    kind, _, rest = path.partition(".")
    row, dot, _ = rest.partition(".")
    return (kind, row) if kind in BLOCKS and dot else None


def absent_row(params: dict, name: str) -> str | None:
    """Return a message about the first row that a variant names and params.yaml lacks; None: it has them all."""
    variant = params["variants"][name]
    rows = [*params.get("methods", {}), *params.get("students", {})]
    named = [(key, variant[key], rows) for key in ("of", "row") if variant.get(key) is not None]
    for path in filter(row_of, variant["set"]):
        block, row = row_of(path)
        named.append((f"set.{path}", row, list(params.get(block, {}))))
    for key, row, choices in named:
        if row not in choices:
            what = "selection" if key.startswith("set.selections.") else "row"
            return (f"{VARIANTS}: {name}.{key}: expected a {what} of params.yaml ({', '.join(choices)}), got "
                    f"{shown(row)}")
    return None


def with_variant(params: dict, name: str) -> dict:
    """Return the parameters with the values of a variant set; mappings are merged, as by `-S`.

    Raises:
        BallastError: the variant names a row that does not exist, or a path leads into a value that is no mapping.
    """
    absent = absent_row(params, name)
    if absent:
        raise BallastError(absent)
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
