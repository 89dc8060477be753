"""Run methods and variants over several splits and print mean +- population deviation per cell.

    python scripts/splits.py SPLITS METHODS [PROTOCOL]      e.g.  python scripts/splits.py 1,2,3 simclr,colt fewshot

METHODS: rows of dvc.yaml and names under `variants` in params.yaml, or `variants` for all of these and their methods.
PROTOCOL: linear, fewshot, finetune, imbalanced or knn. Every split is a `dvc exp run --temp` named split-N, a variant's
split-N-NAME: the workspace and its metrics stay as they are, what was run before comes from the run cache, and
`dvc exp show` or `dvc metrics diff split-1 split-2` look closer.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dvc.api
import numpy as np
import pandas as pd
import yaml

from ballast.report.tables import COLUMNS, PROTOCOLS


def main(splits: list[str], methods: list[str], protocol: str) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    if methods == ["variants"]:
        methods = list(dict.fromkeys(name for key, v in params["variants"].items() for name in (v["of"], key)))
    tables = []
    for split in splits:
        rows = [name for name in methods if name not in params["variants"]]
        if rows:
            run(f"split-{split}", split, rows, [], protocol)
        tables += [results(f"split-{split}", name, name, protocol) for name in rows]
        for name in (name for name in methods if name in params["variants"]):
            variant = params["variants"][name]
            row = variant.get("row", variant["of"])
            run(f"split-{split}-{name}", split, [row], list(overrides(variant)), protocol)
            tables.append(results(f"split-{split}-{name}", row, name, protocol))
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
    if len(sys.argv) not in (3, 4) or (sys.argv[-1] not in PROTOCOLS and len(sys.argv) == 4):
        sys.exit("usage: python scripts/splits.py SPLITS METHODS [linear|fewshot|finetune|imbalanced|knn]")
    main(sys.argv[1].split(","), sys.argv[2].split(","), sys.argv[3] if len(sys.argv) == 4 else "linear")
