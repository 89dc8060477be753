"""What a row trains with. This is the only place where profile and row are merged.

Precedence: the profile's ``pretrain``, then its ``adapt`` for the row's framework, ideas and selection, in the order of
that block, then the row in params.yaml. The functions take plain mappings, so that a variant is a changed params.yaml.
"""

from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ballast.config.build import build, unknown_key
from ballast.config.merge import merged
from ballast.config.profile import Optimization, Sampling
from ballast.config.rows import WHOLE_POOL, Framework, HeadLayers, PrunedFraction
from ballast.runtime.errors import BallastError

IDEAS = Path(__file__).parents[1] / "ideas"
NO_IDEAS = ("__init__", "idea")  # files of that folder that are not an idea


@dataclass(frozen=True, kw_only=True)
class FrameworkSettings:
    """The framework of a pre-training, and its head."""

    framework: Framework
    prune: PrunedFraction | None = None  # fraction of weights that SDCLR masks
    layers: HeadLayers = 2  # linear layers of the head (docs/papers.md#head-depth)
    match_updates: bool = False  # as many updates as a row that samples from the pool, by more epochs


@dataclass(frozen=True, kw_only=True)
class Recipe(FrameworkSettings):
    """The pre-training of a row."""

    optimization: Optimization
    sampling: Sampling | None = None  # of rows that sample from the pool, or match the updates of those
    ideas: dict[str, Any] = field(default_factory=dict)  # an instance of the idea's Settings by its name


@dataclass(frozen=True, kw_only=True)
class StudentRecipe:
    """The training of a student."""

    guide: str  # the row of its guide
    framework: Framework
    prune: PrunedFraction | None = None
    optimization: Optimization
    guidance: Any  # ballast.ideas.guidance.Settings


FRAMEWORK_KEYS = tuple(f.name for f in fields(FrameworkSettings))
OPTIMIZATION_KEYS = tuple(f.name for f in fields(Optimization))
STUDENT_KEYS = ("guide", "framework", "prune")


def idea_names() -> tuple[str, ...]:
    """Return the names of all ideas: the files of src/ballast/ideas."""
    return tuple(sorted(path.stem for path in IDEAS.glob("*.py") if path.stem not in NO_IDEAS))


@cache
def idea_module(name: str) -> ModuleType:
    """Return the module of an idea, which has the classes Settings and Idea."""
    return import_module(f"ballast.ideas.{name}")


def known_keys() -> tuple[str, ...]:
    """Return what a row's ``pretrain`` may hold."""
    return (*FRAMEWORK_KEYS, *OPTIMIZATION_KEYS, *idea_names())


def sampling_ideas(values: dict) -> list[str]:
    """Return the ideas of a row's ``pretrain`` that sample from the pool while it trains."""
    return [key for key in values if key in idea_names() and getattr(idea_module(key).Idea, "samples", False)]


def sources(params: dict, profile: dict, row: str) -> list[tuple[str, dict]]:
    """Return the blocks that a row's ``pretrain`` is made of, each with its place in a file; later ones count more."""
    method = params["methods"][row]
    row_values = method["pretrain"]
    file = f"configs/profiles/{params['profile']}.yaml"
    is_selection = method["pool"] not in ("none", *WHOLE_POOL) and not sampling_ideas(row_values)
    adapted = [(f"{file}: adapt.{key}", block) for key, block in profile.get("adapt", {}).items()
               if key == row_values.get("framework") or key in row_values or (key == "select" and is_selection)]
    return [(f"{file}: pretrain", profile["pretrain"]), *adapted, (f"params.yaml: methods.{row}.pretrain", row_values)]


def merged_values(params: dict, profile: dict, row: str) -> dict:
    """Return a row's whole ``pretrain``, without the defaults of ideas."""
    return merged(*(block for _, block in sources(params, profile, row)))


def merged_recipe(params: dict, profile: dict, row: str) -> dict:
    """Return the effective values of a row's pre-training, defaults included, as ``load_recipe`` takes them.

    Args:
        params: the values of params.yaml.
        profile: those of configs/profiles/<profile>.yaml.
        row: a key of ``methods``.
    """
    values = merged_values(params, profile, row)
    block = {key: values.pop(key) for key in FRAMEWORK_KEYS if key in values}
    block["optimization"] = {key: values.pop(key) for key in OPTIMIZATION_KEYS if key in values}
    if sampling_ideas(values) or block.get("match_updates"):
        block["sampling"] = profile["sampling"]
    return plain(load_recipe({**block, "ideas": _in_order(values, params["methods"][row]["pretrain"])}))


def student_recipe(params: dict, profile: dict, row: str) -> dict:
    """Return the effective values of a student's training, defaults included; arguments as for ``merged_recipe``."""
    values = dict(params["students"][row])
    block = {key: values.pop(key) for key in STUDENT_KEYS if key in values}
    prune = profile.get("adapt", {}).get(block["framework"], {}).get("prune")
    block = {"prune": prune, **block, "optimization": profile["student"], "guidance": values}
    return plain(load_student(block))


def load_recipe(block: dict) -> Recipe:
    """Return the recipe from what ``merged_recipe`` returned."""
    ideas = {name: build(_settings(name), values) for name, values in block.get("ideas", {}).items()}
    return build(Recipe, {**block, "ideas": ideas})


def load_student(block: dict) -> StudentRecipe:
    """Return the recipe of a student from what ``student_recipe`` returned."""
    return build(StudentRecipe, {**block, "guidance": build(_settings("guidance"), block["guidance"])})


def plain(recipe: Recipe | StudentRecipe) -> dict:
    """Return a recipe as plain values, without those that are None."""
    return {key: value for key, value in asdict(recipe).items() if value is not None}


def _in_order(ideas: dict, row_values: dict) -> dict:
    """Return ideas in the order of the row, those first that sample from the pool: others may act on a round."""
    for idea in ideas:
        _settings(idea)
    samples = sampling_ideas(ideas)
    position = {key: number for number, key in enumerate(row_values)}
    return {idea: ideas[idea] for idea in sorted(ideas, key=lambda name: (name not in samples, position[name]))}


def _settings(idea: str) -> type:
    if idea not in idea_names():
        raise BallastError(f"ideas.{idea}: {unknown_key(idea, known_keys())}")
    return idea_module(idea).Settings
