"""Figures that compare rows, as PNG bytes: accuracies, gains and losses; the same numbers give the same bytes."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ballast.report.multiples import mean_and_band, multiples
from ballast.report.png import as_png
from ballast.report.tables import COLUMNS

BLUE, RED, GRAY = "#0072B2", "#D55E00", "#777777"
HOLLOW = {"color": GRAY, "marker": "o", "markerfacecolor": "white"}
VERDICT_STYLES = {  # told apart without color too
    "better": {"color": BLUE, "marker": "o"}, "worse": {"color": RED, "marker": "s"}, "cannot tell": HOLLOW}
LEADING = {True: {"color": BLUE, "marker": "o"}, False: HOLLOW}
FEW_TICKS = 8


def by_group(table: pd.DataFrame, leading: pd.DataFrame) -> bytes:
    """Draw the accuracy of every method, and its Std, as a point with its error; methods have a line each.

    Args:
        table: what tables.summary returned; without its column All (no labels) an empty plot.
        leading: truth values like verdicts.leaders: filled points, those of the best method of a column and of the
            methods that cannot be told from it.
    """
    lines = table.to_dict("records") if "All" in table else []
    figure = Figure(figsize=(11, 1.2 + 0.3 * len(lines)), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(COLUMNS), sharey=True), COLUMNS):
        for place, (line, leads) in enumerate(zip(lines, leading[name] if lines else [])):
            axes.errorbar(line[name], place, xerr=np.nan_to_num(line[f"{name} se"]), capsize=2, **LEADING[bool(leads)])
        axes.set_yticks(range(len(lines)), [line["method"] for line in lines])
        axes.set_ylim(max(len(lines), 1) - 0.5, -0.5)
        axes.set_title(f"{name} (less is better)" if name == "Std" else name, fontsize=10)
        axes.grid(alpha=0.3)
    figure.supxlabel("linear-probe top-1 (%)", fontsize=10)
    return as_png(figure)


def by_class(per_class: pd.DataFrame) -> bytes:
    """Draw a small plot for every method: its accuracy from the most common class to the rarest, mean over repeats.

    Columns method, repeat, count, accuracy; which class has a rank differs between repeats.
    """
    ranked = per_class.assign(rank=per_class.groupby(["method", "repeat"]).cumcount())
    curves = {}
    for method, classes in ranked.groupby("method", sort=False):
        # A running mean over five ranks: single classes differ in difficulty more than methods do.
        curves[method] = mean_and_band(classes.pivot(index="rank", columns="repeat", values="accuracy").rolling(
            5, center=True, min_periods=1).mean())
    counts = ranked.groupby("rank")["count"].first()
    return multiples(curves, "training images of the class, head to tail", "top-1 (%), mean of 5 ranks",
                     ticks=counts[:: -(-len(counts) // FEW_TICKS) or 1])


def training(history: pd.DataFrame) -> bytes:
    """Draw a small plot for every method: the contrastive loss over the epochs, mean over repeats.

    Columns method, repeat, epoch, contrastive (NaN for a student).
    """
    history = history.dropna(subset="contrastive")
    curves = {method: mean_and_band(epochs.pivot(index="epoch", columns="repeat", values="contrastive"))
              for method, epochs in history.groupby("method", sort=False)}
    return multiples(curves, "epoch", "contrastive loss (nats)")


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
        axes.axvline(0, color=GRAY, linewidth=1)
        axes.set_yticks(range(len(pairs)), pairs)
        axes.set_xlabel(f"gain in {column} (points), 95 % interval")
        axes.grid(axis="x", alpha=0.3)
        axes.set_ylim(max(len(pairs), 1) - 0.5, -0.5)
    verdicts = [name for name in VERDICT_STYLES if not empty and name in set(gains["verdict"])]
    figure.legend([Line2D([], [], **VERDICT_STYLES[name]) for name in verdicts], verdicts, loc="outside lower center",
                  ncols=len(VERDICT_STYLES), frameon=False)
    return as_png(figure)
