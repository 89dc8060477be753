"""The papers' tables, and ours beside them where the data set is theirs (methods.md 5).

published.csv holds every published row under our names of data set and method; ``finetune`` is MAK's few-shot protocol.
The Std of COLT's tables is that of the printed group means, MAK's is the mean over runs of each run's Std.
"""

from pathlib import Path

import pandas as pd

COLUMNS = ["Many", "Median", "Few", "Std", "All"]
CIFAR = {"encoder": "ResNet-18", "epochs": 2000, "batch": 512, "budget": 10000, "groups": "thirds"}
LARGE = {"encoder": "ResNet-50", "epochs": 500, "batch": 256, "budget": 10000, "groups": "counts"}
PROTOCOLS = {  # what each source says of how its numbers were made; None where it does not say
    ("COLT", "cifar10_lt"): CIFAR,
    ("COLT", "cifar100_lt"): CIFAR,
    ("COLT", "imagenet100_lt"): LARGE,
    ("COLT", "places_lt"): LARGE,
    ("MAK", "imagenet100_lt"): {**LARGE, "epochs": 1000},
    ("BCL", "cifar100_lt"): {**CIFAR, "budget": None, "groups": None},
    ("2506.12698", "cifar10_lt"): {**CIFAR, "epochs": None, "batch": None, "groups": None},
}


def published() -> pd.DataFrame:
    """All rows: source, table, dataset, pool, budget, method, setting, protocol, five figures and their spreads."""
    return pd.read_csv(Path(__file__).with_suffix(".csv"), dtype={"table": str, "source": str}).fillna(
        {"pool": "", "setting": ""})


def beside(ours: pd.DataFrame, dataset: str, facts: dict) -> str:
    """Markdown: our rows (method, Many, Median, Few, Std, All) beside the published ones for the same data set.

    facts: how ours were made, in the keys of PROTOCOLS, ``epochs`` by method; what differs is named below the table.
    """
    theirs = published()
    theirs = theirs[(theirs["dataset"] == dataset) & (theirs["protocol"] == "linear") & (theirs["setting"] == "")]
    theirs = theirs[theirs["method"].isin(ours["method"])].drop_duplicates(["source", "method", "pool", "budget"])
    if theirs.empty:
        return f"The papers have no numbers for `{dataset}`.\n"
    rows = []
    for method in ours["method"]:
        own = ours[ours["method"] == method].iloc[0]
        rows.append({"method": method, "from": "Ballast", **{name: f"{own[name]:.2f}" for name in COLUMNS}})
        rows += [{"method": method, "from": _origin(row), **{name: _cell(row, name) for name in COLUMNS}}
                 for _, row in theirs[theirs["method"] == method].iterrows()]
    lines = [pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True), ""]
    for source in theirs["source"].unique():
        lines += [f"- {line}" for line in differences(source, dataset, facts, list(ours["method"]))]
    return "\n".join(lines) + "\n"


def differences(source: str, dataset: str, facts: dict, methods: list[str]) -> list[str]:
    """One line per fact in which our protocol is not the source's, or the source does not say."""
    found = []
    for name, value in PROTOCOLS[source, dataset].items():
        own = facts[name]
        own = {own[method] for method in methods if method in own} if isinstance(own, dict) else {own}
        shown = ", ".join(str(v) for v in sorted(own, key=str))
        if value is None:
            found.append(f"{source}: {name} not stated, ours {shown}")
        elif own != {value}:
            found.append(f"{source}: {name} {value}, ours {shown}")
    return found


def encoder_name(network: dict) -> str:
    """ResNet-18 or ResNet-50 where the network is one, else its width and depths."""
    known = {("basic", 64, (2, 2, 2, 2)): "ResNet-18", ("bottleneck", 64, (3, 4, 6, 3)): "ResNet-50"}
    shape = network["block"], network["width"], tuple(network["depths"])
    return known.get(shape, f"ResNet of width {network['width']}, {'-'.join(map(str, network['depths']))} "
                            f"{network['block']} blocks")


def _origin(row: pd.Series) -> str:
    return ", ".join(filter(None, [f"{row['source']} {row['table']}", row["pool"],
                                   f"{row['budget']:.0f}" if row["budget"] > 0 else ""]))


def _cell(row: pd.Series, name: str) -> str:
    if pd.isna(row[name]):
        return ""
    return f"{row[name]:.2f}" + (f" ± {row[f'{name} spread']:.1f}" if row[f"{name} spread"] > 0 else "")
