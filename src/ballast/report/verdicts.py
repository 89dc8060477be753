"""How sure a difference of two rows is: paired gains over repeats, their intervals, and verdicts.

Both rows of a pair train on the same repeats, so the difference of every repeat is one observation. Splits differ in
which classes are rare, and classes in how hard they are; that moves both rows alike and not their difference.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ballast.report.tables import COLUMNS

LEVEL = 0.95  # of intervals and verdicts
POWER = 0.8  # chance to see a difference, in ``repeats_needed``
MOST_REPEATS = 1000
LOWER_IS_BETTER = ("Std",)
BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"


@dataclass(frozen=True)
class Gain:
    """A paired difference over n repeats, with the interval of Student's t at ``LEVEL`` and the two-sided p value."""

    mean: float
    se: float
    low: float
    high: float
    p: float
    n: int


def standard_error(values: np.ndarray) -> float:
    """Return s / sqrt(n) with the sample deviation s of values [n]; NaN for fewer than two."""
    values = np.asarray(values, float)
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def gain(differences: np.ndarray) -> Gain:
    """Return the mean of paired differences [n] and how sure it is; without error below two of them.

    Differences that are all equal have an interval of one point: p is 1 where they are 0, otherwise 0.
    """
    from scipy.special import stdtr, stdtrit  # Student's t; half a second, which only reports should pay

    values = np.asarray(differences, float)
    n, mean, se = len(values), float(np.mean(values)) if len(values) else float("nan"), standard_error(values)
    if np.isnan(se):
        return Gain(mean, se, float("nan"), float("nan"), float("nan"), n)
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * se
    p = float(2 * stdtr(n - 1, -abs(mean) / se)) if se > 0 else float(mean == 0)
    return Gain(mean, se, mean - half, mean + half, p, n)


def holm(p: np.ndarray) -> np.ndarray:
    """Return p values [m] adjusted for m comparisons (Holm, Scandinavian Journal of Statistics 1979); NaN stays NaN.

    The i-th smallest, counted from 0, times m - i; no smaller than those before it, and at most 1.
    """
    p = np.asarray(p, float)
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted


def verdict(mean: float, p: float, column: str = "All") -> str:
    """Return better, worse or cannot tell: a p value above 1 - LEVEL or none tells nothing."""
    if not p < 1 - LEVEL or mean == 0:
        return CANNOT_TELL
    return BETTER if (mean > 0) != (column in LOWER_IS_BETTER) else WORSE


def repeats_needed(deviation: float, difference: float = 1.0) -> int | None:
    """Return how many repeats would show a difference with the chance ``POWER``, at least 2; None: too many.

    Args:
        deviation: sample deviation of the paired differences.
        difference: in percentage points.
    """
    from scipy.special import ndtri

    if np.isnan(deviation):
        return None
    least = ((ndtri((1 + LEVEL) / 2) + ndtri(POWER)) * deviation / difference) ** 2  # enough if deviation were exact
    n = max(2, int(least) - 1)
    while n <= MOST_REPEATS and power(n, deviation, difference) < POWER:
        n += 1
    return n if n <= MOST_REPEATS else None


def power(n: int, deviation: float, difference: float) -> float:
    """Return the chance that a two-sided t test of n paired differences, without Holm's correction, shows a difference.

    The statistic has the noncentral t distribution with n - 1 degrees of freedom, shifted by
    difference * sqrt(n) / deviation.
    """
    from scipy.special import nctdtr, stdtrit

    if not deviation:
        return 1.0
    shift, bound = difference * np.sqrt(n) / deviation, stdtrit(n - 1, (1 + LEVEL) / 2)
    below = np.nan_to_num(nctdtr(n - 1, shift, [-bound, bound]))  # NaN at some large shifts, where it is 0
    return float(1 - below[1] + below[0])


def gains(runs: pd.DataFrame, pairs: list[tuple[str, str]], columns: tuple[str, ...] = ("All", "Few", "Std")
          ) -> pd.DataFrame:
    """Return the gain of every pair in every column, its interval and verdict.

    Args:
        runs: one protocol; columns method, repeat, Many, Median, Few, Std, All.
        pairs: a row, and the one to subtract. Repeats that both have count; a pair without any is left out.
        columns: of accuracies.

    Returns:
        One line per column and pair; columns method, over, column, repeats, gain, se, low, high, p, p_holm, verdict,
        repeats_needed (to tell a difference of one point; for what cannot be told). Holm's correction is for the pairs
        of one column.
    """
    table = runs.set_index(["method", "repeat"])[list(COLUMNS)]
    parts = []
    for column in columns:
        lines = []
        for row, over in pairs:
            if {row, over} <= set(runs["method"]):
                differences = (table.loc[row, column] - table.loc[over, column]).dropna()
                if len(differences):
                    lines.append(_line(row, over, column, differences.to_numpy()))
        part = pd.DataFrame(lines, columns=["method", "over", "column", "repeats", "gain", "se", "low", "high", "p"])
        part["p_holm"] = holm(part["p"].to_numpy())
        part["verdict"] = [verdict(mean, p, column) for mean, p in zip(part["gain"], part["p_holm"])]
        deviation = part["se"] * np.sqrt(part["repeats"])
        part["repeats_needed"] = [repeats_needed(value) if said == CANNOT_TELL else None
                                  for value, said in zip(deviation, part["verdict"])]
        parts.append(part)
    return pd.concat(parts, ignore_index=True).astype({"repeats_needed": "Int64"})


def leaders(runs: pd.DataFrame, columns: tuple[str, ...] = tuple(COLUMNS)) -> pd.DataFrame:
    """Return which rows have the best mean of a column or cannot be told from the row that has it.

    Args:
        runs: as for ``gains``. Holm's correction is for all comparisons with the best row of a column.
        columns: of accuracies.

    Returns:
        Truth values, a line for each row of the runs in their order, by ``columns``; none of a column is true where
        no value of it is known.
    """
    rows = list(dict.fromkeys(runs["method"]))
    means = runs.groupby("method")[list(columns)].mean()
    table = pd.DataFrame(False, index=rows, columns=list(columns))
    for column in columns:
        ordered = means[column].dropna().sort_values(ascending=column in LOWER_IS_BETTER, kind="stable")
        for best in ordered.index[:1]:
            found = gains(runs, [(row, best) for row in rows if row != best], (column,))
            equal = found.loc[found["verdict"] != WORSE, "method"]
            table.loc[[best, *equal], column] = True
    return table.reset_index(drop=True)


def _line(row: str, over: str, column: str, differences: np.ndarray) -> tuple:
    """Return the first columns of ``gains`` for one pair."""
    found = gain(differences)
    return row, over, column, found.n, found.mean, found.se, found.low, found.high, found.p
