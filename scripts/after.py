"""Say in one line whether the results of this run are those that are committed, and if not, whether they agree.

    python -m scripts.after

Without a word where they are the same, or where the committed ones are of other repeats or data.
"""

import io
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd

from ballast.report.tables import COLUMNS, summary

FILE = "results/repeats.csv"
TWICE = 2.0  # standard errors of a difference within which two means agree


def main() -> None:
    """Print the line."""
    before = subprocess.run(["git", "show", f"HEAD:{FILE}"], capture_output=True, check=False)
    if before.returncode == 0 and Path(FILE).is_file():
        said = difference(pd.read_csv(FILE), pd.read_csv(io.BytesIO(before.stdout)))
        if said:
            print(said)


def difference(new: pd.DataFrame, old: pd.DataFrame) -> str:
    """Return the line about two tables of single repeats; empty where there is nothing to say."""
    keys = ["method", "repeat", "split", "seed", "protocol", "data"]
    same = len(new) == len(old) and new[keys].equals(old[keys])
    if not same or new[COLUMNS].equals(old[COLUMNS]):
        return ""
    tables = [summary(runs[runs["protocol"] == "linear"]).set_index("method") for runs in (new, old)]
    apart = (tables[0][COLUMNS] - tables[1][COLUMNS]).abs().to_numpy()
    errors = [table[[f"{name} se" for name in COLUMNS]].to_numpy() for table in tables]
    within = apart <= TWICE * np.hypot(*errors)
    return (f"These results differ from the committed ones ({old['processor'].iloc[0]}, here "
            f"{new['processor'].iloc[0]}): {int(within.sum())} of {within.size} means are within the stated error. "
            f"Commit yours before you compare anything with them: git commit -am \"Baseline on this machine\"")


if __name__ == "__main__":
    main()
