"""Figures of the report as PNG bytes, the same bytes for the same numbers."""

import io

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ballast.evaluation.groups import GROUPS, spread

COLOURS = ["#777777", "#000000", "#E69F00", "#56B4E9", "#D55E00", "#CC79A7", "#009E73", "#0072B2", "#F0E442", "#8C510A",
           "#88CCEE", "#882255"]
ROWS = ["balanced", "simclr", "sdclr", "bcl", "random", "kcenter", "mak", "colt", "sdclr-colt", "bcl-colt", "guide",
        "guided"]  # which have the same colour in every figure; a row of another name takes the colour of its number
STYLES = ["-", "--", "-.", ":"]


def by_group(groups: pd.DataFrame) -> bytes:
    """Bars: accuracy of every method by group, its Std in the legend; columns method, group, accuracy."""
    methods, names = groups["method"].unique(), groups["group"].unique()
    axes = Figure(figsize=(8, 4)).subplots()
    width = 0.8 / max(len(methods), 1)
    for number, method in enumerate(methods):
        height = groups[groups["method"] == method].set_index("group")["accuracy"].reindex(names)
        axes.bar(np.arange(len(names)) + (number - (len(methods) - 1) / 2) * width, height, width,
                 label=f"{method} (Std {spread(height.reindex(GROUPS).tolist()):.1f})",
               color=_line(_place(method, number))["color"])
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("linear-probe top-1 (%)")
    return _png(axes)


def by_class(per_class: pd.DataFrame) -> bytes:
    """Lines: accuracy of every class from head to tail; columns method, class, count, accuracy."""
    axes, ticks = Figure(figsize=(10, 4)).subplots(), []
    for number, (method, rows) in enumerate(per_class.groupby("method", sort=False)):
        # A running mean over five ranks: single classes differ in difficulty more than methods do.
        smooth = rows["accuracy"].rolling(5, center=True, min_periods=1).mean()
        axes.plot(range(len(rows)), smooth, label=method, **_line(_place(method, number)))
        ticks = [f"{name}\n{count}" for name, count in zip(rows["class"], rows["count"])]
    axes.set_xticks(range(len(ticks)), ticks, fontsize=7)
    axes.set_xlabel("class and its training images, head to tail")
    axes.set_ylabel("top-1 (%), mean of 5 ranks")
    return _png(axes)


def training(history: pd.DataFrame) -> bytes:
    """Lines: the contrastive loss over epochs; columns method, epoch, contrastive."""
    axes = Figure(figsize=(8, 4)).subplots()
    for number, (method, rows) in enumerate(history.groupby("method", sort=False)):
        axes.plot(rows["epoch"], rows["contrastive"], label=method, **_line(_place(method, number)))
    axes.set_xlabel("epoch")
    axes.set_ylabel("contrastive loss (nats)")
    return _png(axes)


def phi_by_draws(ecle: pd.DataFrame) -> bytes:
    """Lines: how over-represented each group is among the most tail-like images; columns draws, group, phi."""
    axes = Figure(figsize=(6, 4)).subplots()
    for number, (group, rows) in enumerate(ecle.groupby("group", sort=False)):
        axes.plot(rows["draws"], rows["phi"], marker="o", label=group, **_line(number + 1))
    axes.axhline(1, color="#AAAAAA", linewidth=1)
    axes.set_xlabel("draws M of ECLE")
    axes.set_ylabel("share of the 10 % largest ECLE / share of all")
    return _png(axes)


def tailness_by_count(tailness: pd.DataFrame) -> bytes:
    """Lines: mean tailness of each class, in deviations, by its images; columns method, measure, count, tailness."""
    axes = Figure(figsize=(7, 4)).subplots()
    for number, (labels, rows) in enumerate(tailness.groupby(["method", "measure"], sort=False)):
        rows, value = rows.sort_values("count"), rows.sort_values("count")["tailness"]
        axes.plot(rows["count"], (value - value.mean()) / (value.std() or 1), marker="o", label=" ".join(labels),
                  **_line(_place(labels[0], number)))
    axes.set_xscale("log")
    axes.set_xlabel("training images of the class")
    axes.set_ylabel("mean tailness (standardised)")
    return _png(axes)


def budgets(rounds: pd.DataFrame) -> bytes:
    """One heat map per method: the share of every cluster in every round; columns method, epoch, cluster, share.

    Clusters are found, and so numbered, anew in every round: a row of the picture is no group of images.
    """
    methods = list(rounds["method"].unique())
    figure = Figure(figsize=(4 * max(len(methods), 1), 3.5), layout="constrained")
    for axes, method in zip(np.atleast_1d(figure.subplots(1, max(len(methods), 1), squeeze=False)[0]), methods):
        table = rounds[rounds["method"] == method].pivot(index="cluster", columns="epoch", values="share").fillna(0)
        shown = axes.imshow(table, aspect="auto", cmap="cividis", vmin=0, vmax=rounds["share"].max())
        axes.set_title(method)
        axes.set_xticks(range(0, table.shape[1], 4), table.columns[::4])
        axes.set_yticks(range(len(table)), table.index)
        axes.set_xlabel("epoch of the round")
        axes.set_ylabel("cluster")
        figure.colorbar(shown, label="share of the budget")
    return as_png(figure)


def _place(method: str, number: int) -> int:
    return ROWS.index(method) if method in ROWS else number


def _line(number: int) -> dict:
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": STYLES[number % len(STYLES)]}


def _png(axes: Axes) -> bytes:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    return as_png(axes.figure)


def as_png(figure: Figure) -> bytes:
    """The same bytes for the same figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()
