"""Ask how well the measures of `ballast audit` predict the gain from a pool, over pools of known kinds (half an hour).

    python -m scripts.suitability [REPEATS]     seven, where it is left out; 0 prints the tables of docs/results

For every pool of scripts/pools.py, a DVC experiment trains `random` on it, and `matched` without any. Numbers go to
docs/results/suitability.csv, a line for each pool; `make docs` puts the tables into docs/suitability.md.
"""

import json
import sys
from dataclasses import fields
from math import atanh, sqrt, tanh
from pathlib import Path

import pandas as pd
from dvc.api import DVCFileSystem

from ballast.report.tables import as_text
from ballast.report.verdicts import gains
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.suitability.measure import Suitability
from scripts.pools import DEFAULT, POOLS, SIZE, make
from scripts.table import repeats as repeats_of
from scripts.table import run

NUMBERS = Path("docs/results/suitability.csv")
DATA = "configs/datasets/folders.yaml"
SETTINGS = ["dataset=folders", f"{DATA}:source.train={POOLS}/train.npy", f"{DATA}:source.test={POOLS}/test.npy",
            f"{DATA}:source.size={SIZE}", *(f"{DATA}:longtail.{name}={value}"
                                           for name, value in DEFAULT["longtail"].items())]
COLUMNS = ("All", "Few")
MEASURES = [field.name for field in fields(Suitability)]


def main(repeats: int) -> None:
    """Run all pools and write the numbers; print the tables."""
    if repeats:
        lines = [measured(name, repeats) for name in make()]
        write_atomic(NUMBERS, pd.DataFrame(lines).to_csv(index=False))
    print("\n\n".join(tables(pd.read_csv(NUMBERS)).values()))


def measured(pool: str, repeats: int) -> dict[str, object]:
    """Return the gains of `random` over `matched` with a pool, and what is known of it before any training with it."""
    name = f"pool-{pool}"
    run(name, [f"repeats={repeats}", *SETTINGS, f"{DATA}:source.pool={POOLS}/{pool}.npy"],
        ["evaluate@random", "evaluate@matched", "suitability"])
    files = DVCFileSystem(rev=name)
    runs = pd.concat([repeats_of(files, row, "linear").assign(method=row) for row in ("random", "matched")])
    found = gains(runs, [("random", "matched")]).set_index("column")
    known = json.loads(files.read_text("metrics/suitability.json"))
    return {"pool": pool, "repeats": repeats,
            **{f"{column} {name}": round(found.loc[column, name], 2) for column in COLUMNS for name in ("gain", "se")},
            **{name: known[name] for name in MEASURES}}


def tables(numbers: pd.DataFrame) -> dict[str, str]:
    """Return the tables of the page: the pools with their gains and measures, and how measures and gains agree."""
    pools = numbers.sort_values("All gain", ascending=False)
    found = {f"gain, {column}": [f"{gain:+.1f} ± {se:.1f}" for gain, se in zip(pools[f"{column} gain"],
                                                                               pools[f"{column} se"])]
             for column in COLUMNS}
    shown = pd.DataFrame({"pool": pools["pool"], **found, **{name: pools[name].round(2) for name in MEASURES}})
    return {"pools": as_text(shown), "correlations": as_text(correlations(numbers))}


def correlations(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's rank correlation of every measure with the gains, and its interval by Fisher's z (95 %)."""
    lines = []
    for name in MEASURES:
        line: dict[str, object] = {"measure": name}
        for column in COLUMNS:
            rho = numbers[name].rank().corr(numbers[f"{column} gain"].rank())
            line[f"{column}"] = f"{rho:+.2f} [{', '.join(f'{edge:+.2f}' for edge in interval(rho, len(numbers)))}]"
        lines.append(line)
    return pd.DataFrame(lines)


def interval(rho: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a rank correlation of so many pairs (Bonett and Wright, Psychometrika 2000)."""
    half = 1.96 * sqrt((1 + rho**2 / 2) / (count - 3))
    middle = atanh(max(-0.999, min(0.999, rho)))
    return tanh(middle - half), tanh(middle + half)


if __name__ == "__main__":
    try:
        main(int((sys.argv[1:] or ["7"])[0]))
    except (BallastError, ValueError) as error:
        sys.exit(f"suitability: {error}")
