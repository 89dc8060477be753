"""Figures that compare rows, as PNG bytes: accuracies, gains and losses; the same numbers give the same bytes.

The argument ``rows`` holds the rows of the report in order, so that a row has the same style in every figure. Without
it, the rows of the figure itself count.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ballast.evaluation.groups import GROUPS
from ballast.report import styles
from ballast.report.figures import as_png, with_legend
from ballast.report.tables import mean_and_error

VERDICT_STYLES = {  # told apart without color too
    "better": {"color": "#0072B2", "marker": "o"}, "worse": {"color": "#D55E00", "marker": "s"},
    "cannot tell": {"color": "#777777", "marker": "o", "markerfacecolor": "white"}}
FEW_TICKS = 8
PLOTS_ACROSS = 5


def by_group(table: pd.DataFrame, rows: Sequence[str] = ()) -> bytes:
    """Draw bars with error bars: the accuracy of every method by group, its Std in the legend.

    table: what tables.summary returned; without its column All (no labels) an empty plot.
    """
    names = [name for name in (*GROUPS, "All") if "All" in table]
    style = styles.numbers([*rows, *table["method"]])
    axes = Figure(figsize=(9, 4)).subplots()
    width = 0.8 / max(len(table), 1)
    for number, row in enumerate(table.to_dict("records") if names else []):
        axes.bar(np.arange(len(names)) + (number - (len(table) - 1) / 2) * width, [row[name] for name in names], width,
                 yerr=[np.nan_to_num(row[f"{name} se"]) for name in names], error_kw={"elinewidth": 0.8},
                 label=f"{row['method']} (Std {mean_and_error(row['Std'], row['Std se'])})",
                 **styles.bar(style[row["method"]]))
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("linear-probe top-1 (%)")
    return with_legend(axes)


def by_class(per_class: pd.DataFrame, rows: Sequence[str] = ()) -> bytes:
    """Draw a small plot for every method: its accuracy from the most common class to the rarest, mean over repeats.

    A band has the standard error, the other methods are gray behind it. Columns method, repeat, count, accuracy; which
    class has a rank differs between repeats.
    """
    ranked = per_class.assign(rank=per_class.groupby(["method", "repeat"]).cumcount())
    means, errors = {}, {}
    for method, classes in ranked.groupby("method", sort=False):
        # A running mean over five ranks: single classes differ in difficulty more than methods do.
        smooth = classes.pivot(index="rank", columns="repeat", values="accuracy").rolling(
            5, center=True, min_periods=1).mean()
        means[method] = smooth.mean(axis=1)
        errors[method] = smooth.std(axis=1, ddof=1) / np.sqrt(smooth.count(axis=1))  # NaN for one repeat: no band
    counts = ranked.groupby("rank")["count"].first()
    shown = counts[:: -(-len(counts) // FEW_TICKS) or 1]
    return small_multiples(means, errors, rows, "training images of the class, head to tail",
                           "top-1 (%), mean of 5 ranks", shown)


def training(history: pd.DataFrame, rows: Sequence[str] = ()) -> bytes:
    """Draw a small plot for every method: the contrastive loss over the epochs, mean over repeats, the others in gray.

    Columns method, repeat, epoch, contrastive (NaN for a student).
    """
    history = history.dropna(subset="contrastive")
    means = {method: epochs.groupby("epoch")["contrastive"].mean()
             for method, epochs in history.groupby("method", sort=False)}
    return small_multiples(means, {}, rows, "epoch", "contrastive loss (nats)")


def small_multiples(means: dict[str, pd.Series], errors: dict[str, pd.Series], rows: Sequence[str], x: str, y: str,
                    ticks: pd.Series | None = None) -> bytes:
    """Draw a small plot for every method: its mean and band in its color, before those of all others in gray.

    Args:
        means: a curve for every method.
        errors: the half width of its band, where there is one.
        rows: the rows of the report, for their colors.
        x, y: what the axes show.
        ticks: labels of the x axis by their place.
    """
    style = styles.numbers([*rows, *means])
    down = -(-max(len(means), 1) // PLOTS_ACROSS)
    figure = Figure(figsize=(11, 0.7 + 1.9 * down), layout="constrained")
    grid = figure.subplots(down, PLOTS_ACROSS, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(means) :]:
        axes.set_axis_off()
    for place, (axes, (method, mean)) in enumerate(zip(grid.flat, means.items())):
        color = styles.line(style[method])["color"]
        for other in means.values():
            axes.plot(other.index, other, color="#CCCCCC", linewidth=0.7)
        if method in errors:
            axes.fill_between(mean.index, mean - errors[method], mean + errors[method], color=color, alpha=0.3,
                              linewidth=0)
        axes.plot(mean.index, mean, color=color, linewidth=2)
        axes.set_title(method, fontsize=10)
        axes.grid(alpha=0.3)
        if ticks is not None:
            axes.set_xticks(ticks.index, ticks, fontsize=7)
        axes.tick_params(labelbottom=place >= len(means) - PLOTS_ACROSS)  # nothing is below
    figure.supxlabel(x, fontsize=10)
    figure.supylabel(y, fontsize=10)
    return as_png(figure)


def forest(gains: pd.DataFrame | None) -> bytes:
    """Draw the gain of every pair with its 95 % interval, on All and on Few; the marker tells the verdict.

    gains: what verdicts.gains returned; None or empty: an empty plot.
    """
    empty = gains is None or not len(gains)
    pairs = [] if empty else list(dict.fromkeys(gains["method"] + " over " + gains["over"]))
    figure = Figure(figsize=(9, 1.8 + 0.35 * len(pairs)), layout="constrained")
    for axes, column in zip(figure.subplots(1, 2, sharey=True), ("All", "Few")):
        lines = [] if empty else list(gains[gains["column"] == column].itertuples())
        for line in lines:
            place = pairs.index(f"{line.method} over {line.over}")
            half = 0.0 if np.isnan(line.se) else line.high - line.gain
            axes.errorbar(line.gain, place, xerr=half, capsize=3, **VERDICT_STYLES[line.verdict])
        axes.axvline(0, color="#777777", linewidth=1)
        axes.set_yticks(range(len(pairs)), pairs)
        axes.set_xlabel(f"gain in {column} (points), 95 % interval")
        axes.grid(axis="x", alpha=0.3)
        axes.set_ylim(max(len(pairs), 1) - 0.5, -0.5)
    verdicts = [name for name in VERDICT_STYLES if not empty and name in set(gains["verdict"])]
    figure.legend([Line2D([], [], **VERDICT_STYLES[name]) for name in verdicts], verdicts, loc="outside lower center",
                  ncols=len(VERDICT_STYLES), frameon=False)
    return as_png(figure)
