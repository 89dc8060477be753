"""Parameters and metrics of a revision as MLflow takes them."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from mlflow.entities import Metric, Param

from scripts.revision import Revision

RECIPES = "data/recipes/"  # the effective values of the trainings
COMPARED = ("All", "Few", "Std")  # metrics of every row that the pipeline's run has
PREFIXES = {"configs/profiles": "profile.", "configs/datasets": "dataset."}


def parameters(revision: Revision) -> list[Param]:
    """Return the parameters of the whole pipeline: params.yaml, the profile and the data set."""
    return [Param(key, str(value)) for prefix, block in revision.parameters().items()
            for key, value in flat({prefix: block} if prefix else block)]


def stage_parameters(entry: dict, revision: Revision) -> list[Param]:
    """Return the parameters of a stage, and the effective values of a training from its recipe."""
    values = {}
    for file, block in entry.get("params", {}).items():
        prefix = PREFIXES.get(str(Path(file).parent), "")
        values |= {f"{prefix}{key}": value for key, value in flat(block)}
    for path in (dep["path"] for dep in entry.get("deps", []) if dep["path"].startswith(RECIPES)):
        if path.endswith(".yaml"):  # the stages of the report depend on the whole folder
            values |= dict(flat(revision.yaml(path)))
    return [Param(clean(key), str(value)) for key, value in values.items()]


def comparison(revision: Revision, stamp: int) -> list[Metric]:
    """Return All, Few and Std of every row as metrics of the pipeline's run, so that runs can be compared."""
    metrics = []
    for row in (stage.partition("@")[2] for stage in revision.stages if stage.startswith("evaluate@")):
        values = json.loads(revision.read(f"metrics/{row}.json"))
        metrics += [Metric(f"{row}/{name}", values[name], stamp, 0) for name in COMPARED if name in values]
        metrics += [Metric(f"{row}/{name} se", values["se"][name], stamp, 0) for name in COMPARED
                    if name in values.get("se", {})]
    return metrics


def measured(path: str, revision: Revision, stamp: int) -> list[Metric]:
    """Return the numbers of a metrics file; the name of a protocol or of the features comes first."""
    return [Metric(clean(key), value, stamp, 0) for key, value in flat(json.loads(revision.read(path)))
            if not isinstance(value, str)]


def curve(path: str, revision: Revision, stamp: int) -> list[Metric]:
    """Return a metric for every column and epoch of a history, the mean over the repeats."""
    table = pd.read_csv(io.BytesIO(revision.read(path)))
    if "epoch" not in table:  # of a row that trains nothing
        return []
    table = table.groupby("epoch").mean().drop(columns="repeat").reset_index()
    return [Metric(clean(name), float(value), stamp, int(epoch)) for name in table.columns.drop("epoch")
            for epoch, value in table[["epoch", name]].dropna().to_numpy()]


def flat(block: dict, above: str = "") -> Iterator[tuple[str, object]]:
    """Yield the values of nested blocks under names joined by dots."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def clean(name: str) -> str:
    """Return a name with the characters that MLflow accepts."""
    return re.sub(r"[^\w\-./ ]", "_", name)
