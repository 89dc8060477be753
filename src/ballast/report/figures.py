"""Figures of the report as PNG bytes; the same numbers give the same bytes.

The argument ``rows`` of every function holds the rows of the report in order, so that a row has the same style in
every figure. Without it, the rows of the figure itself count.
"""

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ballast.evaluation.groups import GROUPS, spread
from ballast.report import styles

SHADES = {"Many": "#0072B2", "Median": "#009E73", "Few": "#D55E00", "": "#0072B2"}
VERDICT_STYLES = {  # told apart without color too
    "better": {"color": "#0072B2", "marker": "o"}, "worse": {"color": "#D55E00", "marker": "s"},
    "cannot tell": {"color": "#777777", "marker": "o", "markerfacecolor": "white"}}
MEASURE_MARKERS = ["o", "x", "^", "s", "D"]


def by_group(groups: pd.DataFrame, rows: Sequence[str] = ()) -> bytes:
    """Draw bars with error bars: the accuracy of every method by group; columns method, group, accuracy, se.

    The legend has the Std of the mean groups.
    """
    methods = groups["method"].unique()
    names = groups["group"].unique()
    style = styles.numbers([*rows, *methods])
    axes = Figure(figsize=(9, 4)).subplots()
    width = 0.8 / max(len(methods), 1)
    for number, method in enumerate(methods):
        bars = groups[groups["method"] == method].set_index("group").reindex(names)
        axes.bar(np.arange(len(names)) + (number - (len(methods) - 1) / 2) * width, bars["accuracy"], width,
                 yerr=bars["se"].fillna(0), error_kw={"elinewidth": 0.8},
                 label=f"{method} (Std {spread(bars['accuracy'].reindex(GROUPS).tolist()):.1f})",
                 **styles.bar(style[method]))
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("linear-probe top-1 (%)")
    return _png(axes)


def by_class(per_class: pd.DataFrame, rows: Sequence[str] = ()) -> bytes:
    """Draw lines: the accuracy of every method from the most common class to the rarest, mean over repeats.

    Columns method, repeat, count, accuracy; which class has a rank differs between repeats.
    """
    style = styles.numbers([*rows, *per_class["method"]])
    axes = Figure(figsize=(10, 4)).subplots()
    ranked = per_class.assign(rank=per_class.groupby(["method", "repeat"]).cumcount())
    for method, classes in ranked.groupby("method", sort=False):
        # A running mean over five ranks: single classes differ in difficulty more than methods do.
        smooth = classes.groupby("rank")["accuracy"].mean().rolling(5, center=True, min_periods=1).mean()
        axes.plot(smooth.index, smooth, label=method, **styles.line(style[method]))
    counts = ranked.groupby("rank")["count"].first()
    axes.set_xticks(range(len(counts)), counts, fontsize=7)
    axes.set_xlabel("training images of the class, head to tail")
    axes.set_ylabel("top-1 (%), mean of 5 ranks")
    return _png(axes)


def training(history: pd.DataFrame, rows: Sequence[str] = ()) -> bytes:
    """Draw lines: the contrastive loss over the epochs, mean over repeats.

    Columns method, repeat, epoch, contrastive (NaN for a student).
    """
    history = history.dropna(subset="contrastive")
    style = styles.numbers([*rows, *history["method"]])
    axes = Figure(figsize=(8, 4)).subplots()
    for method, epochs in history.groupby("method", sort=False):
        mean = epochs.groupby("epoch")["contrastive"].mean()
        axes.plot(mean.index, mean, label=method, **styles.line(style[method]))
    axes.set_xlabel("epoch")
    axes.set_ylabel("contrastive loss (nats)")
    return _png(axes)


def forest(gains: pd.DataFrame | None) -> bytes:
    """Draw the gain of every pair with its 95 % interval, on All and on Few; the marker tells the verdict.

    gains: what verdicts.gains returned; None or empty: an empty plot.
    """
    empty = gains is None or not len(gains)
    pairs = [] if empty else list(dict.fromkeys(gains["method"] + " over " + gains["over"]))
    figure = Figure(figsize=(9, 1.5 + 0.35 * len(pairs)), layout="constrained")
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
        axes.set_ylim(len(pairs) - 0.5, -0.5)
    return as_png(figure)


def phi_by_draws(ecle: pd.DataFrame) -> bytes:
    """Draw lines: how over-represented each group is in the tail by ECLE; columns draws, group, phi."""
    axes = Figure(figsize=(6, 4)).subplots()
    for group, draws in ecle.groupby("group", sort=False):
        axes.plot(draws["draws"], draws["phi"], marker="o", label=group, color=SHADES[group])
    axes.axhline(1, color="#AAAAAA", linewidth=1)
    axes.set_xlabel("draws M of ECLE")
    axes.set_ylabel("share of the 10 % largest ECLE / share of all")
    return _png(axes)


def tailness_by_count(tailness: pd.DataFrame, rows: Sequence[str] = ()) -> bytes:
    """Draw lines: mean tailness of each class by its size, standardized, mean over repeats.

    Columns method, measure, repeat, count, tailness."""
    style = styles.numbers([*rows, *tailness["method"]])
    markers = dict(zip(tailness["measure"].unique(), MEASURE_MARKERS * len(tailness)))
    axes = Figure(figsize=(7, 4)).subplots()
    ranked = tailness.sort_values("count", kind="stable")
    ranked = ranked.assign(rank=ranked.groupby(["method", "measure", "repeat"]).cumcount())
    for (method, measure), classes in ranked.groupby(["method", "measure"], sort=False):
        classes = classes.groupby("rank")[["count", "tailness"]].mean()  # over repeats, in which ranks go to others
        value = classes["tailness"]
        axes.plot(classes["count"], (value - value.mean()) / (value.std() or 1), label=f"{method} {measure}",
                  **{**styles.line(style[method]), "marker": markers[measure]})
    axes.set_xscale("log")
    axes.set_xlabel("training images of the class")
    axes.set_ylabel("mean tailness (standardized)")
    return _png(axes)


def budgets(rounds: pd.DataFrame) -> bytes:
    """Draw one heat map per method: how each round divides the budget; columns method, epoch, cluster, share.

    Clusters are found, and so numbered, anew in every round. Each round is therefore sorted by share: the top line is
    the cluster with the largest budget, which is the one with the largest tailness.
    """
    methods = list(rounds["method"].unique())
    figure = Figure(figsize=(4 * max(len(methods), 1), 3.5), layout="constrained")
    for axes, method in zip(figure.subplots(1, max(len(methods), 1), squeeze=False)[0], methods):
        table = sorted_shares(rounds[rounds["method"] == method])
        image = axes.imshow(table, aspect="auto", cmap="cividis", vmin=0, vmax=rounds["share"].max())
        axes.set_title(method)
        axes.set_xticks(range(0, table.shape[1], 4), table.columns[::4])
        axes.set_yticks(range(len(table)), table.index)
        axes.set_xlabel("epoch of the round")
        axes.set_ylabel("cluster, by tailness in that round")
        figure.colorbar(image, label="share of the budget")
    return as_png(figure)


def sorted_shares(rounds: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of every round from the largest to the smallest: a row per rank from 1 on, a column per epoch.

    A cluster that received no image is missing from its round and counts as 0.
    """
    rank = rounds.groupby("epoch")["share"].rank(method="first", ascending=False).astype(int)
    return rounds.assign(rank=rank).pivot(index="rank", columns="epoch", values="share").fillna(0)


def _png(axes: Axes) -> bytes:
    """Return a figure with one plot, its legend to the right."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    return as_png(axes.figure)


def as_png(figure: Figure) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()
