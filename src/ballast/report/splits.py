"""Results of several splits in one table: what a method reaches, and what it gains over another on the same split."""

import numpy as np
import pandas as pd

from ballast.report.tables import COLUMNS


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Return mean ± population deviation over the splits for every method and column.

    Args:
        runs: one row per method and split; columns method, split, Many, Median, Few, Std, All.

    Returns:
        One row per method. ``Std`` is the mean of each split's Std; ``Std of means`` is the Std of the mean groups.
    """
    rows = []
    for method, members in runs.groupby("method", sort=False):
        row = {"method": method, **{name: mean_and_deviation(members[name]) for name in COLUMNS}}
        rows.append({**row, "Std of means": f"{np.std(members[COLUMNS[:3]].mean()):.2f}"})
    return pd.DataFrame(rows)


def gains(runs: pd.DataFrame, over: str) -> pd.DataFrame:
    """Return mean ± population deviation of each method's difference to the method ``over`` on the same split.

    Splits differ in which classes are rare, and classes in how hard they are. That is part of the deviation of an
    accuracy, but not of a difference.
    """
    table = runs.set_index(["method", "split"])[COLUMNS]
    rows = []
    for method in runs["method"].unique():
        if method != over:
            difference = (table.loc[method] - table.loc[over]).dropna()
            rows.append({f"gain over {over}": method,
                         **{name: mean_and_deviation(difference[name], sign="+") for name in COLUMNS}})
    return pd.DataFrame(rows)


def paired(runs: pd.DataFrame, pairs: list[tuple[str, str]], columns: tuple[str, ...] = ("All", "Few", "Std")
           ) -> pd.DataFrame:
    """Return the mean difference of two methods on the same splits, with its 95 % interval by Student's t.

    Args:
        runs: as for ``summary``.
        pairs: method, and the method to subtract.
        columns: which columns to compare.

    Returns:
        One row per pair. An interval that holds 0 does not show a difference.
    """
    from scipy.stats import t  # takes half a second to import, and only documents need it

    table = runs.set_index(["method", "split"])
    rows = []
    for method, other in pairs:
        row = {"difference": f"{method} - {other}"}
        for column in columns:
            values = (table.loc[method, column] - table.loc[other, column]).dropna()
            half = t.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values))
            row[column] = f"{values.mean():+.2f} [{values.mean() - half:+.2f}, {values.mean() + half:+.2f}]"
        rows.append(row)
    return pd.DataFrame(rows)


def mean_and_deviation(values: pd.Series, sign: str = "") -> str:
    """Return "mean ± deviation" with two decimals; ``sign="+"`` shows the sign of the mean."""
    return f"{values.mean():{sign}.2f} ± {values.std(ddof=0):.2f}"
