"""COLT's sampling: a budget for each cluster by its tailness, then the pool images nearest to each centre.

    w_c = -(g_c - mean g) / std g,  pi = softmax(w / tau_c),  budget_c = floor(K pi_c) plus its part of the remainder

g_c is the mean density of the in-domain images of cluster c, std the sample deviation over the clusters.
Source: COLT (Bai et al., ICLR 2023, algorithm 2; docs/methods/colt.md). The paper's K pi_c are not whole numbers; the
released code gives the remainder to the last cluster (docs/papers.md#budget-remainder).
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.embeddings.shards import Shards


def cluster_means(value: Tensor, labels: Tensor, clusters: int) -> Tensor:
    """Return the mean of value [N] over each cluster of labels [N], as [clusters]; nan for an empty cluster."""
    total = value.new_zeros(clusters).index_add_(0, labels, value)
    return total / torch.bincount(labels, minlength=clusters)


def budgets(density: Tensor, total: int, temperature: float, remainder: str) -> Tensor:
    """Return the clusters' budgets, int64 [C], whose sum is ``total``; equal densities share equally.

    Args:
        density: the mean density g of each cluster, [C]; a cluster with nan gets nothing.
        total: pool images to select, K.
        temperature: tau_c of the softmax over the clusters.
        remainder: who gets what the floor leaves over: ``largest``, the clusters with the largest fractional parts, one
            image each; ``last``, the last cluster, as in the released code.
    """
    present = ~density.isnan()
    g = density[present].double()
    std = g.std() if len(g) > 1 else g.new_zeros(())
    w = torch.zeros_like(g) if std == 0 else -(g - g.mean()) / std
    exact = total * torch.softmax(w / temperature, 0)
    whole = exact.floor().long()
    left_over = total - int(whole.sum())
    if remainder == "last":
        whole[-1] += left_over
    else:
        whole[(exact - whole).argsort(descending=True, stable=True)[:left_over]] += 1
    budget = torch.zeros(len(density), dtype=torch.long, device=density.device)
    budget[present] = whole
    return budget


def nearest_to_centres(
    pool: Tensor | Shards, centres: Tensor, budget: Tensor, block: int = 1 << 18
) -> tuple[Tensor, Tensor, Tensor]:
    """Select for each cluster in turn the pool images nearest to its centre that no earlier cluster has taken.

    One pass over the pool in memory O(C K) suffices: what a cluster takes is among its K' nearest images, where K' is
    the sum of the budgets up to and including its own.

    Args:
        pool: unit vectors, [P, d].
        centres: the clusters' centres, [C, d], of any length.
        budget: pool images of each cluster, [C]; their sum K is at most P.
        block: rows of the pool compared at a time.

    Returns:
        Pool indices, clusters and cosines, each [K], in the order of selection; all indices differ.
    """
    centres = normalize(centres)
    candidates = _nearest(pool, centres, budget.cumsum(0).tolist(), block)
    taken = torch.zeros(len(pool), dtype=torch.bool, device=centres.device)
    selected = []
    for cluster, (count, (cosine, index)) in enumerate(zip(budget.tolist(), candidates)):
        free = (~taken[index]).nonzero().squeeze(1)[:count]
        taken[index[free]] = True
        selected.append((index[free], torch.full_like(free, cluster), cosine[free]))
    return tuple(torch.cat(column) for column in zip(*selected))


def _nearest(pool: Tensor | Shards, centres: Tensor, counts: list[int], block: int) -> list[tuple[Tensor, Tensor]]:
    """Return for every centre the cosines, largest first, and indices of as many nearest rows as ``counts`` says."""
    nearest: list[tuple[Tensor, Tensor]] = []
    start = 0
    for rows in pool.split(block):
        rows = rows.to(centres.device).float()
        within = [(rows @ centre).topk(min(count, len(rows))) for centre, count in zip(centres, counts)]
        of_block = [(cosine, index + start) for cosine, index in within]
        nearest = [_merged(*pair, count) for *pair, count in zip(nearest, of_block, counts)] if nearest else of_block
        start += len(rows)
    return nearest


def _merged(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor], count: int) -> tuple[Tensor, Tensor]:
    cosine, index = (torch.cat(pair) for pair in zip(first, second))
    top = cosine.topk(min(count, len(cosine)))
    return top.values, index[top.indices]
