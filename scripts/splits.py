"""Run methods and variants over several splits and print mean +- population deviation per cell.

    python scripts/splits.py SPLITS METHODS [PROTOCOL [SETTING ...]]     e.g.  python scripts/splits.py 1,2 mak,colt knn

METHODS: rows of dvc.yaml and names under `variants` in params.yaml, or `variants` for all of these and their methods.
PROTOCOL: linear, fewshot, finetune, imbalanced or knn. SETTING: what `dvc exp run -S` takes, e.g. profile=small. Every
split is a `dvc exp run --temp` named split-N, followed by the values of the settings and the name of a variant: the
workspace and its metrics stay as they are, what was run before comes from the run cache, and `dvc exp show` or
`dvc metrics diff split-1 split-2` look closer.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dvc.api
import numpy as np
import pandas as pd
import yaml

from ballast.report.tables import COLUMNS, PROTOCOLS


def main(splits: list[str], methods: list[str], protocol: str, settings: list[str]) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    if methods == ["variants"]:
        methods = list(dict.fromkeys(name for key, v in params["variants"].items() for name in (v["of"], key)))
    tables = []
    suffix = "".join(f"-{re.sub('[^A-Za-z0-9]+', '-', setting.split('=', 1)[1])}" for setting in settings)
    for split in splits:
        rows = [name for name in methods if name not in params["variants"]]
        if rows:
            run(f"split-{split}{suffix}", split, rows, settings, protocol)
        tables += [results(f"split-{split}{suffix}", name, name, protocol) for name in rows]
        for name in (name for name in methods if name in params["variants"]):
            variant = params["variants"][name]
            row = variant.get("row", variant["of"])
            run(f"split-{split}{suffix}-{name}", split, [row], [*settings, *overrides(variant)], protocol)
            tables.append(results(f"split-{split}{suffix}-{name}", row, name, protocol))
    table = summary(pd.concat(tables))
    print(table.set_index("method").loc[methods].reset_index().to_markdown(index=False))


def run(name: str, split: str, rows: list[str], changes: list[str], protocol: str) -> None:
    """Evaluate rows in an experiment of that name, in place of an older one."""
    subprocess.run(["dvc", "exp", "remove", "-q", name], check=False, stderr=subprocess.DEVNULL)
    settings = [word for change in [f"split={split}", *changes] for word in ("-S", change)]
    stage = "finetune" if protocol == "finetune" else "linear"
    subprocess.run(["dvc", "exp", "run", "--temp", "-n", name, *settings, *(f"{stage}@{row}" for row in rows)],
                   check=True)


def overrides(variant: dict) -> Iterator[str]:
    """What `dvc exp run -S` takes for a variant: one word per value, added where the method does not have it."""
    def leaves(block: dict, path: str) -> Iterator[tuple[str, object]]:
        for key, value in block.items():
            yield from leaves(value, f"{path}.{key}") if isinstance(value, dict) else [(f"{path}.{key}", value)]

    return (f"++{path}={json.dumps(value)}" for path, value in leaves(variant["set"], f"methods.{variant['of']}"))


def results(experiment: str, row: str, name: str, protocol: str) -> pd.DataFrame:
    """One row, under the given name, with the metrics of an experiment."""
    path = f"metrics/{row}.json" if protocol == "linear" else f"metrics/{protocol}/{row}.json"
    values = dvc.api.metrics_show(path, rev=experiment)
    values = values if "All" in values else next(iter(values.values()))
    return pd.DataFrame([{"method": name, **{column: values[column] for column in COLUMNS}}])


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean +- population deviation over runs, per method and column; Std also of the mean groups (methods.md 3.4)."""
    rows = []
    for method, own in runs.groupby("method", sort=False):
        mean, spread = own[COLUMNS].mean(), own[COLUMNS].std(ddof=0)
        row = {"method": method, **{name: f"{mean[name]:.2f} ± {spread[name]:.2f}" for name in COLUMNS}}
        rows.append({**row, "Std of means": f"{np.std([mean[name] for name in COLUMNS[:3]]):.2f}"})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    given = sys.argv[1:]
    if len(given) < 2 or (len(given) > 2 and given[2] not in PROTOCOLS):
        sys.exit(f"usage: python scripts/splits.py SPLITS METHODS [{'|'.join(PROTOCOLS)} [SETTING ...]]")
    main(given[0].split(","), given[1].split(","), (given[2:] or ["linear"])[0], given[3:])
