"""Measure every row on splits of real images, and write the tables and figures of the page of results (hours).

    python -m scripts.study SPLITS     e.g.  python -m scripts.study 1,2,3

Every split is a run of the whole pipeline, as a DVC experiment named study-N. DVC's run cache provides what ran before,
and a training that was interrupted goes on. The numbers of every split and the figures are written to docs/results, the
tables between the marks of the page.
"""

import io
import json
import sys
from itertools import combinations
from pathlib import Path

import pandas as pd
from dvc.api import DVCFileSystem

from ballast.config.build import build
from ballast.config.profile import Profile
from ballast.config.yaml import read_yaml
from ballast.report.figures import by_group
from ballast.report.marks import filled
from ballast.report.published import beside, encoder_name
from ballast.report.splits import gains, mean_and_deviation, summary
from ballast.report.tables import COLUMNS, PROTOCOLS
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from scripts.table import accuracies, run, split_numbers

SETTINGS = ["dataset=folders", "profile=study", "configs/datasets/folders.yaml:source.size=16", "threads=1"]
PAGE = Path("docs/results.md")
FOLDER = Path("docs/results")
BETWEEN = "rank correlation of tailness on two splits"
QUANTITIES = ["rank correlation of tailness and count", BETWEEN, "phi", "lean of the budget", "likeness",
              "pool images of all rounds"]
FIGURES = ["history.png", "rounds.png", "tailness.png", "ecle.png"]  # of the first split; groups.png is of their mean
WITH_COLT = {"simclr": "colt", "sdclr": "sdclr-colt", "bcl": "bcl-colt"}  # a row and the same with COLT


def main(splits: list[str]) -> None:
    """Run the splits and write numbers, figures and tables."""
    params = read_yaml("params.yaml")
    for split in splits:
        run(f"study-{split}", [f"split={split}", *SETTINGS], [])
    files = {split: DVCFileSystem(rev=f"study-{split}") for split in splits}
    runs = pd.DataFrame([{"protocol": protocol, "method": row, "split": split,
                          **accuracies(files[split], row, protocol)}
                         for protocol in PROTOCOLS for row in params["show"] for split in splits])
    measured = pd.concat([*(quantities(files[split]).assign(split=split) for split in splits),
                          between_splits({split: table(files[split], "tailness") for split in splits})])
    FOLDER.mkdir(exist_ok=True)
    write_atomic(FOLDER / "accuracy.csv", runs.to_csv(index=False))
    write_atomic(FOLDER / "quantities.csv", measured.to_csv(index=False))
    for name in FIGURES:
        write_atomic(FOLDER / name, files[splits[0]].read_bytes(f"results/{name}"))
    groups = means(runs).melt("method", ["Many", "Median", "Few", "All"], "group", "accuracy")
    write_atomic(FOLDER / "groups.png", by_group(groups, params["show"]))
    write_atomic(PAGE, filled(PAGE.read_text(encoding="utf-8"), tables(runs, measured, params)))


def quantities(files: DVCFileSystem) -> pd.DataFrame:
    """Return the diagnostics of a split in long form; columns quantity, method, value."""
    rows = [{"quantity": quantity, "method": method, "value": value}
            for method, values in json.loads(files.read_text("metrics/diagnostics.json")).items()
            for quantity, value in pd.json_normalize(values, sep=": ").iloc[0].items()]
    rows += [{"quantity": f"likeness: {group}", "method": method, "value": value}
             for method, values in json.loads(files.read_text("metrics/likeness.json")).items()
             for group, value in values.items()]
    ecle = table(files, "ecle")
    rows += [{"quantity": f"phi: {row.group}", "method": "ECLE", "value": row.phi}
             for row in ecle[ecle["draws"] == ecle["draws"].max()].itertuples()]
    return pd.DataFrame(rows)


def table(files: DVCFileSystem, name: str) -> pd.DataFrame:
    """Return a table of results/ of an experiment."""
    return pd.read_csv(io.StringIO(files.read_text(f"results/{name}.csv")))


def between_splits(tailness: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return Spearman's correlation of the classes' mean tailness on two splits, for each pair of splits.

    Every split makes other classes rare. The correlation is low where tailness reflects rarity, and high where it
    reflects the class alone.
    """
    rows = []
    for one, other in combinations(tailness, 2):
        both = tailness[one].merge(tailness[other], on=["method", "measure", "label"])
        rows += [{"quantity": f"{BETWEEN}: {measure}", "method": method, "split": f"{one} and {other}",
                  "value": classes["tailness_x"].rank().corr(classes["tailness_y"].rank())}
                 for (method, measure), classes in both.groupby(["method", "measure"], sort=False)]
    return pd.DataFrame(rows)


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over splits by the linear probe; columns method, Many, Median, Few, Std, All."""
    linear = runs[runs["protocol"] == "linear"]
    return linear.groupby("method", sort=False)[COLUMNS].mean().reset_index()


def tables(runs: pd.DataFrame, measured: pd.DataFrame, params: dict) -> dict[str, str]:
    """Return the tables of the page in Markdown, by the name of their mark."""
    linear = runs[runs["protocol"] == "linear"]
    no_pool = [row for row, method in params["methods"].items() if method["pool"] == "none"]
    pool = linear[~linear["method"].isin(no_pool)]
    return {"accuracy": summary(linear).to_markdown(index=False),
            "over simclr": gains(linear, "simclr").to_markdown(index=False),
            **{f"over {row}": gains(pool, row).to_markdown(index=False) for row in ("random", "colt")},
            "frameworks": what_colt_adds(linear).to_markdown(index=False),
            "protocols": other_protocols(runs, params["show"]).to_markdown(index=False),
            **{name: by_method(measured, f"{name}: ").to_markdown(index=False) for name in QUANTITIES},
            "papers": beside(means(runs), "cifar10_lt", facts()).strip()}


def facts() -> dict:
    """Return how the numbers are made, in the terms of the papers."""
    profile = build(Profile, read_yaml("configs/profiles/study.yaml"))
    return {"encoder": encoder_name(profile.network), "epochs": profile.pretrain.epochs,
            "batch": profile.pretrain.batch, "budget": profile.sampling.budget,
            "groups": read_yaml("configs/datasets/folders.yaml")["groups"]}


def other_protocols(runs: pd.DataFrame, rows: list[str]) -> pd.DataFrame:
    """Return mean and deviation of All and Few by every protocol but the linear probe; a row per method."""
    parts = [summary(part)[["method", "Few", "All"]].assign(protocol=PROTOCOLS[protocol])
             for protocol, part in runs.groupby("protocol", sort=False) if protocol != "linear"]
    wide = pd.concat(parts).pivot(index="method", columns="protocol")[["All", "Few"]].loc[rows]
    wide.columns = [f"{protocol}: {column}" for column, protocol in wide.columns]
    return wide.reset_index()


def what_colt_adds(linear: pd.DataFrame) -> pd.DataFrame:
    """Return the gain of COLT on each framework over that framework alone."""
    parts = []
    for row, with_colt in WITH_COLT.items():
        gain = gains(linear[linear["method"].isin([row, with_colt])], row)
        parts.append(gain.set_axis(["COLT added to", *COLUMNS], axis=1).assign(**{"COLT added to": row}))
    return pd.concat(parts)


def by_method(measured: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Return mean ± population deviation over splits of the quantities with a prefix; a row per method."""
    part = measured[measured["quantity"].str.startswith(prefix)]
    part = part.assign(quantity=part["quantity"].str.removeprefix(prefix))
    wide = part.groupby(["method", "quantity"], sort=False)["value"].agg(mean_and_deviation).unstack(fill_value="")
    return wide.loc[part["method"].unique(), part["quantity"].unique()].reset_index()


if __name__ == "__main__":
    try:
        main(split_numbers((sys.argv[1:] or ["1,2,3"])[0]))
    except (BallastError, ValueError) as error:
        sys.exit(f"study: {error}")
