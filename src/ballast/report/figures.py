"""Figures of the diagnostics as PNG bytes, and how a figure becomes PNG; the same numbers give the same bytes.

The argument ``rows`` of every function holds the rows of the report in order, so that a row has the same style in
every figure. Without it, the rows of the figure itself count.
"""

import io
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from ballast.report import styles

SHADES = {"Many": "#0072B2", "Median": "#009E73", "Few": "#D55E00", "": "#0072B2"}
COLORS = 256
MEASURE_MARKERS = ["o", "x", "^", "s", "D"]


def phi_by_draws(ecle: pd.DataFrame) -> bytes:
    """Draw lines: how over-represented each group is in the tail by ECLE; columns draws, group, phi."""
    axes = Figure(figsize=(6, 4)).subplots()
    for group, draws in ecle.groupby("group", sort=False):
        axes.plot(draws["draws"], draws["phi"], marker="o", label=group, color=SHADES[group])
    axes.axhline(1, color="#AAAAAA", linewidth=1)
    axes.set_xlabel("draws M of ECLE")
    axes.set_ylabel("share of the 10 % largest ECLE / share of all")
    return with_legend(axes)


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
    return with_legend(axes)


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


def lean_and_correlation(by_round: pd.DataFrame, rows: Sequence[str] = ()) -> bytes:
    """Draw over the rounds whom the budget leans to, and whether tailness finds the rare classes.

    Columns method, repeat, epoch, quantity (``lean to Few``, ``correlation``) and value; a band is a standard error.
    """
    style = styles.numbers([*rows, *by_round["method"]])
    figure = Figure(figsize=(10, 4), layout="constrained")
    quantities = {"lean to Few": (1, "lean of the budget to Few"),
                  "correlation": (0, "rank correlation of tailness and class size")}
    for axes, (quantity, (neutral, label)) in zip(figure.subplots(1, 2), quantities.items()):
        for method, lines in by_round[by_round["quantity"] == quantity].groupby("method", sort=False):
            value = lines.groupby("epoch")["value"].agg(["mean", "sem"]).fillna(0)
            axes.plot(value.index, value["mean"], label=method, **styles.line(style[method]))
            axes.fill_between(value.index, value["mean"] - value["sem"], value["mean"] + value["sem"], alpha=0.15,
                              color=styles.line(style[method])["color"])
        axes.axhline(neutral, color="#AAAAAA", linewidth=1)
        axes.set_xlabel("epoch of the round")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return as_png(figure)


def sorted_shares(rounds: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of every round from the largest to the smallest: a row per rank from 1 on, a column per epoch.

    A cluster that received no image is missing from its round and counts as 0.
    """
    rank = rounds.groupby("epoch")["share"].rank(method="first", ascending=False).astype(int)
    return rounds.assign(rank=rank).pivot(index="rank", columns="epoch", values="share").fillna(0)


def with_legend(axes: Axes) -> bytes:
    """Return a figure with one plot as PNG, its legend to the right."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    return as_png(axes.figure)


def as_png(figure: Figure, photographs: bool = False) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes.

    Without photographs 256 colors do, at a third of the size.
    """
    drawn, buffer = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    if photographs:
        return drawn.getvalue()
    Image.open(drawn).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
