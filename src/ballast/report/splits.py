"""Several splits in one table: what a method reaches, and what it gains over another on the same split."""

import numpy as np
import pandas as pd

from ballast.report.tables import COLUMNS


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean +- population deviation over splits, per method and column; Std also of the mean groups (methods.md 3.4).

    runs: one row per method and split; columns method, split, Many, Median, Few, Std, All.
    """
    rows = []
    for method, own in runs.groupby("method", sort=False):
        row = {"method": method, **{name: _spread(own[name]) for name in COLUMNS}}
        rows.append({**row, "Std of means": f"{np.std(own[COLUMNS[:3]].mean()):.2f}"})
    return pd.DataFrame(rows)


def gains(runs: pd.DataFrame, over: str) -> pd.DataFrame:
    """The same for the difference to the method ``over`` on the same split.

    Splits differ in which classes are rare, and classes in how hard they are: that is in the deviation of an accuracy,
    and not in that of a difference.
    """
    table = runs.set_index(["method", "split"])[COLUMNS]
    return pd.DataFrame([{f"gain over {over}": method,
                          **{name: _spread(own[name], sign="+") for name in COLUMNS}}
                         for method in runs["method"].unique() if method != over
                         for own in [(table.loc[method] - table.loc[over]).dropna()]])


def _spread(values: pd.Series, sign: str = "") -> str:
    return f"{values.mean():{sign}.2f} ± {values.std(ddof=0):.2f}"
