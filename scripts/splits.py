"""Run methods over several splits and print mean +- population deviation per cell.

    python scripts/splits.py SPLITS METHODS        e.g.  python scripts/splits.py 1,2,3 simclr,colt

Every split is a `dvc exp run --temp` named split-N: the workspace and its metrics stay as they are, what was run before
comes from the run cache, and `dvc exp show` or `dvc metrics diff split-1 split-2` look closer.
"""

import subprocess
import sys

import dvc.api
import numpy as np
import pandas as pd

from ballast.report.tables import COLUMNS


def main(splits: list[str], methods: list[str]) -> None:
    names = []
    for split in splits:
        names.append(f"split-{split}")
        subprocess.run(["dvc", "exp", "remove", "-q", names[-1]], check=False, stderr=subprocess.DEVNULL)
        targets = [f"linear@{method}" for method in methods]
        subprocess.run(["dvc", "exp", "run", "--temp", "-n", names[-1], "-S", f"split={split}", *targets], check=True)
    print(summary(pd.concat([results(name, methods) for name in names])).to_markdown(index=False))


def results(experiment: str, methods: list[str]) -> pd.DataFrame:
    """One row per method with its metrics in an experiment."""
    shown = {method: dvc.api.metrics_show(f"metrics/{method}.json", rev=experiment) for method in methods}
    return pd.DataFrame([{"method": method, **{name: values[name] for name in COLUMNS}}
                         for method, values in shown.items()])


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean +- population deviation over runs, per method and column; Std also of the mean groups (methods.md 3.4)."""
    rows = []
    for method, own in runs.groupby("method", sort=False):
        mean, spread = own[COLUMNS].mean(), own[COLUMNS].std(ddof=0)
        row = {"method": method, **{name: f"{mean[name]:.2f} ± {spread[name]:.2f}" for name in COLUMNS}}
        rows.append({**row, "Std of means": f"{np.std([mean[name] for name in COLUMNS[:3]]):.2f}"})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python scripts/splits.py SPLITS METHODS, both separated by commas")
    main(sys.argv[1].split(","), sys.argv[2].split(","))
