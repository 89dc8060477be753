"""docs/results.md anew: every row on splits of real images, at the scale that two cores can bear (hours).

    python -m scripts.study SPLITS     e.g.  python -m scripts.study 1,2,3

Every split is a run of the whole pipeline, a DVC experiment named study-N: what ran before comes from the run cache, a
training that was cut off goes on. Writes the numbers of every split and the figures below docs/results, and the tables
of docs/results.md between their marks.
"""

import io
import json
import re
import sys
from itertools import combinations
from pathlib import Path

import pandas as pd
import yaml
from dvc.api import DVCFileSystem

from ballast.report.figures import by_group
from ballast.report.published import beside, encoder_name
from ballast.report.splits import gains, summary
from ballast.report.tables import COLUMNS, PROTOCOLS
from ballast.runtime.files import write_atomic
from scripts.table import results, run

SETTINGS = ["dataset=folders", "profile=study", "datasets.folders.source.size=16", "threads=1"]
PAGE, FOLDER = Path("docs/results.md"), Path("docs/results")
BETWEEN = "rank correlation of tailness on two splits"
QUANTITIES = ["rank correlation of tailness and count", BETWEEN, "phi", "lean of the budget", "likeness",
              "pool images of all rounds"]
FIGURES = ["history.png", "rounds.png", "tailness.png", "ecle.png"]  # of the first split; groups.png is of their mean


def main(splits: list[str]) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    for split in splits:
        run(f"study-{split}", [f"split={split}", *SETTINGS], [])
    files = {split: DVCFileSystem(rev=f"study-{split}") for split in splits}
    runs = pd.DataFrame([{"protocol": protocol, "method": row, "split": split, **results(files[split], row, protocol)}
                         for protocol in PROTOCOLS for row in params["show"] for split in splits])
    measured = pd.concat([*(quantities(files[split]).assign(split=split) for split in splits),
                          between_splits({split: table(files[split], "tailness") for split in splits})])
    FOLDER.mkdir(exist_ok=True)
    write_atomic(FOLDER / "accuracy.csv", runs.to_csv(index=False))
    write_atomic(FOLDER / "quantities.csv", measured.to_csv(index=False))
    for name in FIGURES:
        write_atomic(FOLDER / name, files[splits[0]].read_bytes(f"results/{name}"))
    write_atomic(FOLDER / "groups.png", by_group(means(runs).melt("method", ["Many", "Median", "Few", "All"], "group",
                                                                  "accuracy")))
    write_atomic(PAGE, filled(PAGE.read_text(encoding="utf-8"), tables(runs, measured, params)))


def quantities(files: DVCFileSystem) -> pd.DataFrame:
    """What explains the numbers of a split, long: columns quantity, method, value."""
    found = [{"quantity": quantity, "method": method, "value": value}
             for method, values in json.loads(files.read_text("metrics/diagnostics.json")).items()
             for quantity, value in pd.json_normalize(values, sep=": ").iloc[0].items()]
    found += [{"quantity": f"likeness: {group}", "method": method, "value": value}
              for method, values in json.loads(files.read_text("metrics/likeness.json")).items()
              for group, value in values.items()]
    ecle = table(files, "ecle")
    return pd.DataFrame(found + [{"quantity": f"phi: {row.group}", "method": "ECLE", "value": row.phi}
                                 for row in ecle[ecle["draws"] == ecle["draws"].max()].itertuples()])


def table(files: DVCFileSystem, name: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(files.read_text(f"results/{name}.csv")))


def between_splits(tailness: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Spearman's correlation over classes of their mean tailness on two splits, for each pair of splits.

    Every split makes other classes rare: where tailness knows rarity it is low, where it knows the class alone, high.
    """
    found = []
    for one, other in combinations(tailness, 2):
        both = tailness[one].merge(tailness[other], on=["method", "measure", "label"])
        found += [{"quantity": f"{BETWEEN}: {measure}", "method": method, "split": f"{one} and {other}",
                   "value": rows["tailness_x"].corr(rows["tailness_y"], "spearman")}
                  for (method, measure), rows in both.groupby(["method", "measure"], sort=False)]
    return pd.DataFrame(found)


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """Linear probe, mean over splits; columns method, Many, Median, Few, Std, All."""
    linear = runs[runs["protocol"] == "linear"]
    return linear.groupby("method", sort=False)[COLUMNS].mean().reset_index()


def tables(runs: pd.DataFrame, measured: pd.DataFrame, params: dict) -> dict[str, str]:
    """Markdown of every table of the page, by the name of its mark."""
    linear, profile = runs[runs["protocol"] == "linear"], params["profiles"]["study"]
    facts = {"encoder": encoder_name(profile["network"]), "epochs": profile["pretrain"]["epochs"],
             "batch": profile["pretrain"]["batch"], "budget": profile["sampling"]["budget"],
             "groups": params["datasets"]["folders"]["groups"]}
    others = pd.concat([summary(own)[["method", "Few", "All"]].assign(protocol=PROTOCOLS[protocol])
                        for protocol, own in runs.groupby("protocol", sort=False) if protocol != "linear"])
    others = others.pivot(index="method", columns="protocol")[["All", "Few"]].loc[params["show"]]
    others.columns = [f"{protocol}: {column}" for column, protocol in others.columns]
    pool = linear[linear["method"].isin(params["show"][params["show"].index("random"):])]
    return {"accuracy": summary(linear).to_markdown(index=False),
            "over simclr": gains(linear, "simclr").to_markdown(index=False),
            **{f"over {row}": gains(pool, row).to_markdown(index=False) for row in ("random", "colt")},
            "frameworks": what_colt_adds(linear).to_markdown(index=False),
            "protocols": others.reset_index().to_markdown(index=False),
            **{name: by_method(measured, f"{name}: ").to_markdown(index=False) for name in QUANTITIES},
            "papers": beside(means(runs), "cifar10_lt", facts).strip()}


def what_colt_adds(linear: pd.DataFrame) -> pd.DataFrame:
    """Gain of COLT on each framework over that framework alone."""
    pairs = {"simclr": "colt", "sdclr": "sdclr-colt", "bcl": "bcl-colt"}
    return pd.concat([gains(linear[linear["method"].isin(pair)], pair[0]).set_axis(["COLT added to", *COLUMNS], axis=1)
                      .assign(**{"COLT added to": pair[0]}) for pair in pairs.items()])


def by_method(measured: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Mean ± population deviation over splits of the quantities of that prefix; a row per method."""
    own = measured[measured["quantity"].str.startswith(prefix)]
    own = own.assign(quantity=own["quantity"].str.removeprefix(prefix))
    spread = own.groupby(["method", "quantity"], sort=False)["value"].agg(
        lambda v: f"{v.mean():.2f} ± {v.std(ddof=0):.2f}").unstack(fill_value="")
    return spread.loc[own["method"].unique(), own["quantity"].unique()].reset_index()


def filled(page: str, blocks: dict[str, str]) -> str:
    """The page with every block between its marks, <!-- name --> and <!-- /name -->."""
    def block(found: re.Match) -> str:
        return f"<!-- {found[1]} -->\n\n{blocks[found[1]]}\n\n<!-- /{found[1]} -->"

    return re.sub(r"<!-- ([\w -]+) -->\n.*?<!-- /\1 -->", block, page, flags=re.DOTALL)


if __name__ == "__main__":
    main((sys.argv[1:] or ["1,2,3"])[0].split(","))
