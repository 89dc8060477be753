"""Published results, and ours beside them where we use the same data set (docs/papers.md).

published.csv holds every published row under our names of data set and method; ``finetune`` is MAK's few-shot protocol.
In COLT's tables, Std is the deviation of the printed group means; in MAK's, the mean over runs of each run's Std.
"""

from pathlib import Path

import pandas as pd

from ballast.config.profile import Backbone, Network
from ballast.report.tables import COLUMNS, mean_and_error

CIFAR = {"encoder": "ResNet-18", "epochs": 2000, "batch": 512, "budget": 10000, "groups": "thirds"}
LARGE = {"encoder": "ResNet-50", "epochs": 500, "batch": 256, "budget": 10000, "groups": "counts"}
PROTOCOLS = {  # how each source made its numbers; None where it does not say
    ("COLT", "cifar10_lt"): CIFAR,
    ("COLT", "cifar100_lt"): CIFAR,
    ("COLT", "imagenet100_lt"): LARGE,
    ("COLT", "places_lt"): LARGE,
    ("MAK", "imagenet100_lt"): {**LARGE, "epochs": 1000},
    ("BCL", "cifar100_lt"): {**CIFAR, "budget": None, "groups": None},
    ("2506.12698", "cifar10_lt"): {**CIFAR, "epochs": None, "batch": None, "groups": None},
}


def published() -> pd.DataFrame:
    """Return all published rows.

    Returns:
        Columns source, table, dataset, pool, budget, method, setting, protocol, and for each of Many, Median, Few, Std
        and All the value and its spread over runs.
    """
    return pd.read_csv(Path(__file__).with_suffix(".csv"), dtype={"table": str, "source": str}).fillna(
        {"pool": "", "setting": ""})


def beside(ours: pd.DataFrame, dataset: str, facts: dict) -> str:
    """Return our rows beside the published ones for the same data set, in Markdown.

    Args:
        ours: columns method, Many, Median, Few, Std, All, and the error of each, as tables.summary returns.
        dataset: the name of our data set.
        facts: how our numbers were made, by the keys of PROTOCOLS; ``epochs`` may hold a value for each method. Below
            the table, one line names each fact in which a source differs.
    """
    theirs = published()
    theirs = theirs[(theirs["dataset"] == dataset) & (theirs["protocol"] == "linear") & (theirs["setting"] == "")]
    theirs = theirs[theirs["method"].isin(ours["method"])].drop_duplicates(["source", "method", "pool", "budget"])
    if theirs.empty:
        return f"The papers have no numbers for `{dataset}`.\n"
    rows = []
    for _, row in ours.iterrows():
        rows.append({"method": row["method"], "from": "Ballast",
                     **{name: mean_and_error(row[name], row[f"{name} se"], 2) for name in COLUMNS}})
        rows += [{"method": row["method"], "from": _origin(other), **{name: _cell(other, name) for name in COLUMNS}}
                 for _, other in theirs[theirs["method"] == row["method"]].iterrows()]
    lines = [pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True), ""]
    for source in theirs["source"].unique():
        lines += [f"- {line}" for line in differences(source, dataset, facts, list(ours["method"]))]
    return "\n".join(lines) + "\n"


def differences(source: str, dataset: str, facts: dict, methods: list[str]) -> list[str]:
    """Return one line for each fact in which our protocol differs from the source's, or which the source leaves out."""
    lines = []
    for name, value in PROTOCOLS[source, dataset].items():
        fact = facts[name]
        ours = {fact[method] for method in methods if method in fact} if isinstance(fact, dict) else {fact}
        shown = ", ".join(str(item) for item in sorted(ours, key=str))
        if value is None:
            lines.append(f"{source}: {name} not stated, ours {shown}")
        elif ours != {value}:
            lines.append(f"{source}: {name} {value}, ours {shown}")
    return lines


def encoder_name(network: Network | Backbone) -> str:
    """Return ResNet-18 or ResNet-50 where the network is one of these, otherwise a description of its shape."""
    if isinstance(network, Backbone):
        return f"{network.source}'s {network.name}"
    names = {("basic", 64, (2, 2, 2, 2)): "ResNet-18", ("bottleneck", 64, (3, 4, 6, 3)): "ResNet-50"}
    depths = "-".join(map(str, network.depths))
    return names.get((network.block, network.width, tuple(network.depths)),
                     f"ResNet of width {network.width}, {depths} {network.block} blocks")


def _origin(row: pd.Series) -> str:
    """Return source, table, pool and budget of a published row."""
    return ", ".join(filter(None, [f"{row['source']} {row['table']}", row["pool"],
                                   f"{row['budget']:.0f}" if row["budget"] > 0 else ""]))


def _cell(row: pd.Series, name: str) -> str:
    """Return a published value with its spread, empty where the source has none."""
    if pd.isna(row[name]):
        return ""
    return f"{row[name]:.2f}" + (f" ± {row[f'{name} spread']:.1f}" if row[f"{name} spread"] > 0 else "")
