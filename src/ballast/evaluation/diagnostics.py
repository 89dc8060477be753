"""Diagnostics of the papers: whether label-free tailness finds the rare classes, and which images the pool gives.

This module uses labels to judge tailness, never to compute it.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ballast.evaluation.groups import GROUPS
from ballast.tailness.ecle import ecle

TOP = 0.1  # fraction of the images with the largest ECLE


def ecle_by_draws(views: Tensor, temperature: float, block: int, seed: int) -> Tensor:
    """Return ECLE as the mean over the first 1, 2, ..., M draws of two views each (MAK, Jiang et al. 2021, eq. 2).

    Args:
        views: unit projections of N images in 2M augmentations, [2M, N, d].
        temperature: the temperature of the contrastive loss.
        block: images per block of ECLE.
        seed: the seed of the random batching.

    Returns:
        ECLE [M, N] on the CPU, in float32.
    """
    losses = torch.stack([ecle(pair, temperature, 1, block, seed + m) for m, pair in enumerate(views.split(2))])
    losses = losses.cpu()  # CUDA has no deterministic cumsum
    return losses.cumsum(0) / torch.arange(1, len(losses) + 1)[:, None]


def phi(tailness: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Return the over-representation of each group among the 10 % of images with the largest tailness (MAK, figure 2).

    Args:
        tailness: [N].
        group: group name of every image, [N].

    Returns:
        For every group that occurs, its fraction of these images over its fraction of all: 1 means in proportion.
    """
    top = np.argsort(-tailness, kind="stable")[: max(1, round(TOP * len(tailness)))]
    return {name: float((group[top] == name).mean() / (group == name).mean())
            for name in GROUPS if (group == name).any()}


def closest(similarity: np.ndarray) -> np.ndarray:
    """Return which 10 % of the pool images are most similar to a group, bool [P].

    similarity: of every pool image to the in-domain image of the group that is most similar to it, [P].
    """
    chosen = np.zeros(len(similarity), bool)
    chosen[np.argsort(-similarity, kind="stable")[: max(1, round(TOP * len(similarity)))]] = True
    return chosen


def closeness(chosen: np.ndarray, close: dict[str, np.ndarray]) -> dict[str, float]:
    """Return how many of the chosen pool images are close to each group, relative to a random choice.

    A nearest in-domain image is no measure of this: a pool image that resembles nothing is nearest to an outlier, and
    outliers are in the rare classes.

    Args:
        chosen: rows of the pool, [K].
        close: for every group that occurs, which pool images are closest to it (``closest``), [P].

    Returns:
        For every group, the fraction of the chosen images that are close over that of the pool: 1 is a random choice.
    """
    return {name: float(member[chosen].mean() / member.mean()) for name, member in close.items()}


def budget_lean(budget: np.ndarray, cluster: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Return each group's part of the budget, relative to its part of the in-domain images.

    A cluster's budget counts for the groups in proportion to the in-domain images of the cluster:
    sum over c of budget_c / K * P(group | c), divided by P(group). Above 1, a group gets more than its part.

    Args:
        budget: pool images of every cluster, [C].
        cluster: cluster of every in-domain image, [N].
        group: group name of every in-domain image, [N].
    """
    fraction = budget / budget.sum()
    members = {name: np.bincount(cluster[group == name], minlength=len(budget)) for name in GROUPS}
    size = np.maximum(np.bincount(cluster, minlength=len(budget)), 1)
    return {name: float((fraction * count / size).sum() / (group == name).mean())
            for name, count in members.items() if count.any()}


def tailness_by_class(tailness: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> pd.DataFrame:
    """Return the mean tailness of every class beside the class's number of training images.

    Args:
        tailness: [N], larger = rarer.
        labels: class of every image, [N].
        counts: training images of every class, [C].

    Returns:
        One row per class; columns label, count, tailness (NaN for a class without images).
    """
    mean = pd.Series(tailness).groupby(labels).mean().reindex(range(len(counts)))
    return pd.DataFrame({"label": range(len(counts)), "count": counts, "tailness": mean.to_numpy()})


def rank_correlation(table: pd.DataFrame) -> float:
    """Return Spearman's correlation of the columns count and tailness: -1 where every rarer class has more tailness."""
    ranks = table[["count", "tailness"]].dropna().rank()  # Series.corr(method="spearman") would import scipy
    return float(ranks["count"].corr(ranks["tailness"]))


def shares_by_round(trace: pd.DataFrame) -> pd.DataFrame:
    """Return the fraction of the pool images of each round that each cluster received.

    Args:
        trace: one row per selected pool image; columns epoch and cluster.

    Returns:
        Columns epoch, cluster, images and share.
    """
    counts = trace.groupby(["epoch", "cluster"]).size().rename("images").reset_index()
    return counts.assign(share=counts["images"] / counts.groupby("epoch")["images"].transform("sum"))


def variety(trace: pd.DataFrame) -> dict[str, float]:
    """Return measures of the variety of the pool images of all rounds.

    Args:
        trace: one row per selected pool image; columns epoch, pool (index) and path (NaN for images without a file).

    Returns:
        ``drawn``: images of all rounds. ``distinct``: different ones among them. ``kept``: mean fraction of a round
        that was in the round before. ``folders``: mean effective number (inverse Simpson index) of pool folders in a
        round. The last two are absent where they are not defined.
    """
    rounds = [set(images) for _, images in trace.groupby("epoch")["pool"]]
    measures = {"drawn": len(trace), "distinct": trace["pool"].nunique()}
    if len(rounds) > 1:
        measures["kept"] = float(np.mean([len(old & new) / len(new) for old, new in pairwise(rounds)]))
    if trace["path"].notna().all():
        folders = trace.assign(folder=trace["path"].str.rpartition("/")[0])
        fractions = folders.groupby("epoch")["folder"].value_counts(normalize=True)
        measures["folders"] = float((1 / fractions.pow(2).groupby("epoch").sum()).mean())
    return measures
