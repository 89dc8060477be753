"""Which row for data of one's own: what rows were worth on the measured data that is most like it.

recommend.csv has the evidence, a line for every repeat of a row on some data (`python -m scripts.recipes` makes it):
columns data, images, pool (their numbers), separability (of the pool, ballast.suitability), method, cost, repeat, and
the accuracies. ``cost`` is the number of images that went through networks in training, over that of `simclr`; a
student's guide counts, and so does the encoder that a row starts from.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ballast.report.tables import gain_as_text
from ballast.report.verdicts import gains, leaders

BASE = "simclr"
NO_POOL = ("simclr", "matched", "sdclr", "bcl")  # rows that never look at a pool
CHOSEN_BY = ("All", "Few")
AS_FAR = 0.1  # of separability counts as much as ten times the images, in the distance of data


class Advice(NamedTuple):
    """What the evidence says."""

    data: str  # the measured data most like the user's
    row: str  # with the highest mean of All and Few there, of those that the time is enough for
    equals: list[str]  # rows that cost less, and cannot be told from it, neither in All nor in Few
    table: pd.DataFrame  # the rows that the time is enough for, on that data
    elsewhere: pd.DataFrame  # the row on all data that it was measured on, the most similar first


def evidence() -> pd.DataFrame:
    """Return what was measured."""
    return pd.read_csv(Path(__file__).with_suffix(".csv"))


def distances(runs: pd.DataFrame, images: int, separability: float | None) -> pd.Series:
    """Return how far each measured data set is from the user's, the nearest first.

        |log10(images / theirs)| + |separability - theirs| / AS_FAR

    Args:
        runs: the evidence.
        images: in-domain images.
        separability: of the pool; None: there is no pool, and the second term is left out.
    """
    data = runs.groupby("data", sort=False)[["images", "separability"]].first()
    far = np.log10(images / data["images"]).abs()
    if separability is not None:
        far = far + (separability - data["separability"]).abs() / AS_FAR
    return far.sort_values(kind="stable")


def advise(runs: pd.DataFrame, images: int, separability: float | None, times: float) -> Advice:
    """Return which row to take.

    Args:
        runs: the evidence.
        images: in-domain images.
        separability: of the pool, 0.5 to 1; None: there is no pool.
        times: how many times the cost of SimCLR there is time for, at least 1.
    """
    if separability is None:
        runs = runs[runs["method"].isin(NO_POOL)]
    order = distances(runs, images, separability).index
    near = runs[runs["data"] == order[0]]
    near = near[near["cost"] <= times]
    means = near.groupby("method")[[*CHOSEN_BY, "cost"]].mean()
    row = str(means[list(CHOSEN_BY)].mean(axis=1).idxmax())
    alike = leaders(near, CHOSEN_BY).all(axis=1).to_numpy()
    names = np.array(list(dict.fromkeys(near["method"])))[alike]
    equals = [name for name in names if means.loc[name, "cost"] < means.loc[row, "cost"]]
    return Advice(str(order[0]), row, sorted(equals, key=means["cost"].get), of_rows(near), of_data(runs, row, order))


def of_rows(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one data set by their cost: means, and gains over SimCLR as text."""
    means = runs.groupby("method", sort=False)[["cost", *CHOSEN_BY]].mean().sort_values("cost", kind="stable")
    found = gains(runs, [(row, BASE) for row in means.index if row != BASE], CHOSEN_BY)
    cells = {(line.method, line.column): gain_as_text(line) for line in found.itertuples()}
    return pd.DataFrame([{"row": row, "cost": f"{line['cost']:.1f}",
                          **{name: f"{line[name]:.1f}" for name in CHOSEN_BY},
                          **{f"{name}, over {BASE}": cells.get((row, name), "") for name in CHOSEN_BY}}
                         for row, line in means.iterrows()])


def of_data(runs: pd.DataFrame, row: str, order: pd.Index) -> pd.DataFrame:
    """Return a row's gains over SimCLR on every data set on which it was measured, as text, in the given order."""
    lines = []
    for name in order if row != BASE else ():
        part = runs[(runs["data"] == name) & runs["method"].isin([row, BASE])]
        found = gains(part, [(row, BASE)], CHOSEN_BY)
        if len(found):
            first = part.iloc[0]
            lines.append({"data": name, "images": first["images"], "pool": first["pool"],
                          "separability": f"{first['separability']:.2f}",
                          **{f"{line.column}, over {BASE}": gain_as_text(line) for line in found.itertuples()}})
    return pd.DataFrame(lines)
