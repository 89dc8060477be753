"""Small multiples: a plot for every row, named above it, so that a figure of many rows needs neither legend nor colors.

A row is blue and its band is a standard error; the other rows are gray behind it.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure

from ballast.report.png import as_png

ROW, OTHERS, GUIDE = "#0072B2", "#CCCCCC", "#777777"
ACROSS = 5


def mean_and_band(values: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard error over the columns of a table; the error of one column is NaN, which is no band."""
    return pd.DataFrame({"mean": values.mean(axis=1),
                         "error": values.std(axis=1, ddof=1) / np.sqrt(values.count(axis=1))})


def multiples(curves: dict[str, pd.DataFrame], x: str, y: str, **details) -> bytes:
    """Return the plots of ``draw`` as PNG."""
    figure = Figure(figsize=(11, height(len(curves))), layout="constrained")
    draw(figure, curves, x, y, **details)
    return as_png(figure)


def height(plots: int) -> float:
    """Return the height in inches of so many plots."""
    return 0.7 + 1.9 * -(-max(plots, 1) // ACROSS)


def draw(figure: Figure | SubFigure, curves: dict[str, pd.DataFrame], x: str, y: str, ticks: pd.Series | None = None,
         neutral: float | None = None, log: bool = False) -> None:
    """Draw a plot for every curve.

    Args:
        figure: to draw on.
        curves: by name, ``mean`` and ``error`` by the value on the x axis.
        x, y: what the axes show.
        ticks: labels of the x axis by their place.
        neutral: a value of y at which a line is drawn.
        log: whether the x axis is logarithmic.
    """
    grid = figure.subplots(-(-max(len(curves), 1) // ACROSS), ACROSS, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(curves) :]:
        axes.set_axis_off()
    for place, (axes, (name, curve)) in enumerate(zip(grid.flat, curves.items())):
        for other in curves.values():
            axes.plot(other.index, other["mean"], color=OTHERS, linewidth=0.7)
        axes.fill_between(curve.index, curve["mean"] - curve["error"], curve["mean"] + curve["error"], color=ROW,
                          alpha=0.3, linewidth=0)
        axes.plot(curve.index, curve["mean"], color=ROW, linewidth=2)
        if neutral is not None:
            axes.axhline(neutral, color=GUIDE, linewidth=0.8)
        if log:
            axes.set_xscale("log")
        if ticks is not None:
            axes.set_xticks(ticks.index, ticks, fontsize=7)
        axes.set_title(name, fontsize=10)
        axes.grid(alpha=0.3)
        axes.tick_params(labelbottom=place >= len(curves) - ACROSS)  # nothing is below
    figure.supxlabel(x, fontsize=10)
    figure.supylabel(y, fontsize=10)
