"""Figures of the diagnostics as PNG bytes; the same numbers give the same bytes."""

import pandas as pd
from matplotlib.figure import Figure

from ballast.report.multiples import draw, height, mean_and_band, multiples
from ballast.report.png import as_png, with_legend

SHADES = {"Many": "#0072B2", "Median": "#009E73", "Few": "#D55E00", "": "#0072B2"}
MAPS_ACROSS = 4


def phi_by_draws(ecle: pd.DataFrame) -> bytes:
    """Draw lines: how over-represented each group is in the tail by ECLE; columns draws, group, phi."""
    axes = Figure(figsize=(6, 4)).subplots()
    for group, draws in ecle.groupby("group", sort=False):
        axes.plot(draws["draws"], draws["phi"], marker="o", label=group, color=SHADES[group])
    axes.axhline(1, color="#AAAAAA", linewidth=1)
    axes.set_xlabel("draws M of ECLE")
    axes.set_ylabel("share of the 10 % largest ECLE / share of all")
    return with_legend(axes)


def tailness_by_count(tailness: pd.DataFrame) -> bytes:
    """Draw a small plot for every method and measure: mean tailness of the classes by their size.

    Columns method, measure, repeat, count, tailness, which is standardized in every repeat."""
    curves = {}
    for (method, measure), classes in tailness.groupby(["method", "measure"], sort=False):
        standard = classes.groupby("repeat")["tailness"].transform(lambda value: (value - value.mean()) / (
            value.std(ddof=0) or 1))
        curves[f"{method}, {measure}"] = mean_and_band(classes.assign(standard=standard).pivot_table(
            index="count", columns="repeat", values="standard"))
    return multiples(curves, "training images of the class", "mean tailness (standardized)", neutral=0, log=True)


def budgets(rounds: pd.DataFrame) -> bytes:
    """Draw one heat map per method: how each round divides the budget; columns method, epoch, cluster, share.

    Clusters are found, and so numbered, anew in every round. Each round is therefore sorted by share: the top line is
    the cluster with the largest budget, which is the one with the largest tailness.
    """
    methods = list(rounds["method"].unique())
    down = -(-max(len(methods), 1) // MAPS_ACROSS)
    figure = Figure(figsize=(11, 0.7 + 2.6 * down), layout="constrained")
    grid = figure.subplots(down, MAPS_ACROSS, squeeze=False, sharey=True)
    for axes in grid.flat[len(methods) :]:
        axes.set_axis_off()
    for axes, method in zip(grid.flat, methods):
        table = sorted_shares(rounds[rounds["method"] == method])
        image = axes.imshow(table, aspect="auto", cmap="cividis", vmin=0, vmax=rounds["share"].max())
        axes.set_title(method, fontsize=10)
        axes.set_xticks(range(0, table.shape[1], 4), table.columns[::4])
        axes.set_yticks(range(len(table)), table.index)
    figure.supxlabel("epoch of the round", fontsize=10)
    figure.supylabel("cluster, by tailness in that round", fontsize=10)
    if methods:
        figure.colorbar(image, ax=grid, label="share of the budget")
    return as_png(figure)


def lean_and_correlation(by_round: pd.DataFrame) -> bytes:
    """Draw over the rounds whom the budget leans to, and below whether tailness finds the rare classes.

    Columns method, repeat, epoch, quantity (``lean to Few``, ``correlation``) and value.
    """
    plots = height(by_round["method"].nunique())
    figure = Figure(figsize=(11, 2 * plots), layout="constrained")
    quantities = {"lean to Few": (1, "lean of the budget to Few"),
                  "correlation": (0, "rank correlation of tailness\nand class size")}
    for part, (quantity, (neutral, label)) in zip(figure.subfigures(2, 1), quantities.items()):
        curves = {method: mean_and_band(lines.pivot(index="epoch", columns="repeat", values="value"))
                  for method, lines in by_round[by_round["quantity"] == quantity].groupby("method", sort=False)}
        draw(part, curves, "epoch of the round", label, neutral=neutral)
    return as_png(figure)


def sorted_shares(rounds: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of every round from the largest to the smallest: a row per rank from 1 on, a column per epoch.

    A cluster that received no image is missing from its round and counts as 0.
    """
    rank = rounds.groupby("epoch")["share"].rank(method="first", ascending=False).astype(int)
    return rounds.assign(rank=rank).pivot(index="rank", columns="epoch", values="share").fillna(0)
