"""Measure every row on real images, and write the tables and figures of the page of results (hours).

    python -m scripts.study [REPEATS]     three, where it is left out; 0 writes the page anew from docs/results

The repeats are a run of the whole pipeline, as a DVC experiment named study. DVC's run cache provides what ran before,
and a training that was interrupted goes on. The numbers of every repeat and the figures are written to docs/results,
the tables between the marks of the page.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from dvc.api import DVCFileSystem

from ballast.config import rows
from ballast.config.build import build
from ballast.config.profile import Profile
from ballast.config.yaml import read_yaml
from ballast.report.marks import filled
from ballast.report.published import beside, encoder_name
from ballast.report.tables import (
    agreement,
    as_text,
    by_protocol,
    gains_as_text,
    mean_and_error,
    summary,
    with_errors,
)
from ballast.report.verdicts import gains
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from scripts.table import run

SETTINGS = ["dataset=folders", "profile=study", "configs/datasets/folders.yaml:source.size=16"]
PAGE = Path("docs/results.md")
FOLDER = Path("docs/results")
QUANTITIES = ["rank correlation of tailness and count", "rank correlation of tailness on two splits", "phi",
              "lean of the budget", "closeness", "pool images of all rounds"]
FIGURES = ["history.png", "rounds.png", "tailness.png", "ecle.png", "groups.png", "gains.png"]



def main(repeats: int) -> None:
    """Run the repeats and write numbers, figures and tables."""
    params = read_yaml("params.yaml")
    if repeats:
        run("study", [f"repeats={repeats}", *SETTINGS], [])
        files = DVCFileSystem(rev="study")
        FOLDER.mkdir(exist_ok=True)
        write_atomic(FOLDER / "accuracy.csv", files.read_bytes("results/repeats.csv"))
        write_atomic(FOLDER / "quantities.csv", quantities(files).to_csv(index=False))
        for name in FIGURES:
            write_atomic(FOLDER / name, files.read_bytes(f"results/{name}"))
    runs, measured = (pd.read_csv(FOLDER / f"{name}.csv") for name in ("accuracy", "quantities"))
    write_atomic(PAGE, filled(PAGE.read_text(encoding="utf-8"), tables(runs, measured, params)))


def quantities(files: DVCFileSystem) -> pd.DataFrame:
    """Return the diagnostics in long form; columns quantity, method, value, error."""
    rows = []
    for method, kinds in json.loads(files.read_text("metrics/diagnostics.json")).items():
        for kind, values in kinds.items():
            rows += [{"quantity": f"{kind}: {name}", "method": method, "value": value,
                      "error": values.get("se", {}).get(name)} for name, value in values.items() if name != "se"]
    for method, values in json.loads(files.read_text("metrics/closeness.json")).items():
        rows += [{"quantity": f"closeness: {group}", "method": method, "value": value,
                  "error": values.get("se", {}).get(group)} for group, value in values.items() if group != "se"]
    return pd.DataFrame(rows)


def tables(runs: pd.DataFrame, measured: pd.DataFrame, params: dict) -> dict[str, str]:
    """Return the tables of the page in Markdown, by the name of their mark."""
    main = "linear" if (runs["protocol"] == "linear").any() else "sgd"  # the committed numbers are older than `linear`
    linear = runs[runs["protocol"] == main]
    pairs = [pair for pair in rows.pairs(params["compare"]) if set(pair) <= set(linear["method"])]
    found = {name: gains(part, pairs) for name, part in runs.groupby("protocol", sort=False)}
    return {"accuracy": as_text(with_errors(summary(linear))),
            "verdicts": as_text(gains_as_text(found[main][found[main]["column"] != "Std"])),
            "agreement": as_text(agreement(found)),
            "protocols": as_text(with_errors(by_protocol(runs))),
            **{name: as_text(by_method(measured, f"{name}: ")) for name in QUANTITIES
               if measured["quantity"].str.startswith(f"{name}: ").any()},
            "papers": beside(summary(linear), "cifar10_lt", facts()).strip()}


def facts() -> dict:
    """Return how the numbers are made, in the terms of the papers."""
    profile = build(Profile, read_yaml("configs/profiles/study.yaml"))
    return {"encoder": encoder_name(profile.network), "epochs": profile.pretrain.epochs,
            "batch": profile.pretrain.batch, "budget": profile.sampling.budget,
            "groups": read_yaml("configs/datasets/folders.yaml")["groups"]}


def by_method(measured: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Return mean ± standard error of the quantities with a prefix; a row per method.

    measured: columns quantity, method, value, and either the error of the mean or a line for each split.
    """
    part = measured[measured["quantity"].str.startswith(prefix)]
    part = part.assign(quantity=part["quantity"].str.removeprefix(prefix))
    groups = part.groupby(["method", "quantity"], sort=False)
    errors = groups["error"].mean() if "error" in part else groups["value"].std(ddof=1) / groups["value"].count() ** 0.5
    cells = pd.Series([mean_and_error(*pair, 2) for pair in zip(groups["value"].mean(), errors)], errors.index)
    return cells.unstack(fill_value="").loc[part["method"].unique(), part["quantity"].unique()].reset_index()


if __name__ == "__main__":
    try:
        main(int((sys.argv[1:] or ["3"])[0]))
    except (BallastError, ValueError) as error:
        sys.exit(f"study: {error}")
