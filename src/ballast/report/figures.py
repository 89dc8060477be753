"""Figures of the report as PNG bytes, the same bytes for the same numbers."""

import io

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ["#777777", "#000000", "#E69F00", "#56B4E9", "#D55E00", "#CC79A7", "#009E73", "#0072B2", "#F0E442", "#8C510A"]
STYLES = ["-", "--", "-.", ":"]


def by_group(groups: pd.DataFrame) -> bytes:
    """Bars: accuracy of every method in Many, Median, Few and All; columns method, group, accuracy."""
    methods, names = groups["method"].unique(), groups["group"].unique()
    axes = Figure(figsize=(8, 4)).subplots()
    width = 0.8 / len(methods)
    for number, method in enumerate(methods):
        height = groups[groups["method"] == method].set_index("group")["accuracy"].reindex(names)
        axes.bar(np.arange(len(names)) + (number - (len(methods) - 1) / 2) * width, height, width,
                 label=method, color=COLOURS[number % len(COLOURS)])
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel("linear-probe top-1 (%)")
    return _png(axes)


def by_class(per_class: pd.DataFrame) -> bytes:
    """Lines: accuracy of every class from head to tail; columns method, class, count, accuracy."""
    axes = Figure(figsize=(10, 4)).subplots()
    for number, (method, rows) in enumerate(per_class.groupby("method", sort=False)):
        # A running mean over five ranks: single classes differ in difficulty more than methods do.
        smooth = rows["accuracy"].rolling(5, center=True, min_periods=1).mean()
        axes.plot(range(len(rows)), smooth, label=method, **_line(number))
        ticks = [f"{name}\n{count}" for name, count in zip(rows["class"], rows["count"])]
    axes.set_xticks(range(len(ticks)), ticks, fontsize=7)
    axes.set_xlabel("class and its training images, head to tail")
    axes.set_ylabel("top-1 (%), mean of 5 ranks")
    return _png(axes)


def training(history: pd.DataFrame) -> bytes:
    """Lines: the contrastive loss over epochs; columns method, epoch, contrastive."""
    axes = Figure(figsize=(8, 4)).subplots()
    for number, (method, rows) in enumerate(history.groupby("method", sort=False)):
        axes.plot(rows["epoch"], rows["contrastive"], label=method, **_line(number))
    axes.set_xlabel("epoch")
    axes.set_ylabel("contrastive loss (nats)")
    return _png(axes)


def _line(number: int) -> dict:
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": STYLES[number % len(STYLES)]}


def _png(axes: Axes) -> bytes:
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    buffer = io.BytesIO()
    axes.figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()
