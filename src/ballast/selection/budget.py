"""COLT's sampling: a budget for each cluster by its tailness.

    w_c = -(g_c - mean g) / std g,  pi = softmax(w / tau_c),  budget_c = floor(K pi_c) plus its part of the remainder

g_c is the mean density of the in-domain images of cluster c, std the sample deviation over the clusters.
Source: COLT (Bai et al., ICLR 2023, algorithm 2; docs/methods/colt.md). The paper's K pi_c are not whole numbers; the
released code gives the remainder to the last cluster (docs/papers.md#budget-remainder).
"""

import torch
from torch import Tensor


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
