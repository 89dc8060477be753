"""What the papers plot to show that tailness without labels finds the tail. Labels only measure it here."""

from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import Tensor

from ballast.evaluation.groups import GROUPS
from ballast.tailness.ecle import ecle

TOP = 0.1  # share of the images with the largest ECLE


def ecle_by_draws(views: Tensor, temperature: float, block: int, seed: int) -> Tensor:
    """ECLE [M, N] as the mean over the first 1..M draws of two views each (MAK, eq. 2), from projections [2M, N, d]."""
    losses = torch.stack([ecle(pair, temperature, 1, block, seed + m) for m, pair in enumerate(views.split(2))])
    losses = losses.cpu()  # CUDA has no deterministic cumsum
    return losses.cumsum(0) / torch.arange(1, len(losses) + 1)[:, None]


def phi(tailness: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Group's share of the 10 % most tail-like images over its share of all (MAK, figure 2): above 1, over-represented.

    tailness [N], group name of every image [N].
    """
    most = np.argsort(-tailness, kind="stable")[: max(1, round(TOP * len(tailness)))]
    return {name: float((group[most] == name).mean() / (group == name).mean())
            for name in GROUPS if (group == name).any()}


def likeness(nearest: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Share of a group in what was chosen from the pool over its share of the seed images: above 1, leant to.

    nearest [K]: group name of the seed image nearest to each chosen one; group [N]: of every seed image.
    """
    return {name: float((nearest == name).mean() / (group == name).mean()) for name in GROUPS if (group == name).any()}


def budget_lean(budget: np.ndarray, cluster: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Share of a group in the budget over its share of the seed images: above 1, its clusters get more than their part.

    budget [C]: pool images of each cluster; cluster [N] and group [N] of every seed image. What a cluster gets counts
    for the groups as its seed images do: the sum over c of budget_c / K * P(group | c), over P(group).
    """
    share = budget / budget.sum()
    within = {name: np.bincount(cluster[group == name], minlength=len(budget)) for name in GROUPS}
    size = np.maximum(np.bincount(cluster, minlength=len(budget)), 1)
    return {name: float((share * count / size).sum() / (group == name).mean())
            for name, count in within.items() if count.any()}


def tailness_by_class(value: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> pd.DataFrame:
    """Mean of a tailness value [N] by class, beside the class's number of images; columns label, count, tailness."""
    mean = pd.Series(value).groupby(labels).mean().reindex(range(len(counts)))
    return pd.DataFrame({"label": range(len(counts)), "count": counts, "tailness": mean.to_numpy()})


def rank_correlation(table: pd.DataFrame) -> float:
    """Spearman's correlation of class size and mean tailness: -1 where every rarer class looks more like tail."""
    known = table.dropna()
    return float(spearmanr(known["count"], known["tailness"]).statistic)


def shares_by_round(trace: pd.DataFrame) -> pd.DataFrame:
    """Share of the pool images of every round that each cluster got; columns epoch, cluster, images, share."""
    counts = trace.groupby(["epoch", "cluster"]).size().rename("images").reset_index()
    return counts.assign(share=counts["images"] / counts.groupby("epoch")["images"].transform("sum"))


def variety(trace: pd.DataFrame) -> dict[str, float]:
    """How varied the pool images of all rounds are; of them drawn, distinct, the share kept from a round to the next.

    folders: effective number (inverse Simpson) of pool folders in a round, their mean; left out for images without any.
    """
    rounds = [set(images) for _, images in trace.groupby("epoch")["pool"]]
    found = {"drawn": len(trace), "distinct": trace["pool"].nunique()}
    if len(rounds) > 1:
        found["kept"] = float(np.mean([len(old & new) / len(new) for old, new in pairwise(rounds)]))
    if trace["path"].notna().all():
        folders = trace.assign(folder=trace["path"].str.rpartition("/")[0])
        share = folders.groupby("epoch")["folder"].value_counts(normalize=True)
        found["folders"] = float((1 / share.pow(2).groupby("epoch").sum()).mean())
    return found
