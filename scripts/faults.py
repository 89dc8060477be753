"""What `make campaign` has counted: docs/results/faults.csv, and its table in docs/guarantees.md."""

from pathlib import Path

import pandas as pd

TABLE = Path("docs/results/faults.csv")
ENDS = ("well", "lost", "silent", "unclear")


def load() -> pd.DataFrame:
    """Return what was counted so far: fault, stage, and how many trials ended in each way."""
    return pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=["fault", "stage", *ENDS])


def counted(table: pd.DataFrame, fault: str, stage: str, end: str) -> pd.DataFrame:
    """Return the table with one trial more."""
    line = pd.DataFrame([{"fault": fault, "stage": stage.split("@")[0], **{name: int(name == end) for name in ENDS}}])
    return pd.concat([table, line]).groupby(["fault", "stage"], as_index=False)[list(ENDS)].sum()


def by_fault(table: pd.DataFrame) -> pd.DataFrame:
    """Return a line for each fault: how many trials, in how many kinds of stages, how many did not end well."""
    table = table.assign(tried=table[list(ENDS)].sum(axis=1))
    groups = table.groupby("fault", sort=False)
    found = groups[["tried", *ENDS[1:]]].sum()
    found.insert(1, "stages", groups["stage"].nunique())
    total = pd.DataFrame([{**found.drop(columns="stages").sum(), "stages": table["stage"].nunique()}], index=["all"])
    return pd.concat([found, total[found.columns]]).rename_axis("fault").reset_index()
