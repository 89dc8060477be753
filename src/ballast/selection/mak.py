"""MAK's selection of pool images that look rare, lie near the in-domain images and differ from one another.

    q_i = alpha N(ECLE)_i - (1 - alpha) N(Dist)_i,  N(v) = (v - mean) / std over the whole pool

The C = int(ratio K) images of largest q are candidates, of which greedy K-center takes K, starting from all in-domain
features. The deviation is the population's.
Source: MAK (Jiang et al., NeurIPS 2021, algorithm 1; docs/methods/mak.md).
"""

import torch
from torch import Tensor

from ballast.embeddings.shards import Shards
from ballast.selection.kcenter import kcenter_greedy

BLOCK = 1 << 24  # scores that are compared at a time


def score(ecle: Tensor, distance: Tensor, alpha: float) -> Tensor:
    """Return q [P] from ECLE [P] and Dist [P]: alpha = 1 is tailness alone, alpha = 0 proximity alone."""
    return _standardized(ecle).mul_(alpha).sub_(_standardized(distance).mul_(1 - alpha))  # in place: P may be 1e8


def candidates(q: Tensor, budget: int, ratio: float) -> Tensor:
    """Return the indices of the int(ratio * budget) largest scores q [P], best first."""
    count = min(int(ratio * budget), len(q))
    best = [part.topk(min(count, len(part))) for part in q.split(BLOCK)]  # topk takes 16 bytes for each number
    if len(best) == 1:
        return best[0].indices
    index = torch.cat([found.indices + number * BLOCK for number, found in enumerate(best)])
    return index[torch.cat([found.values for found in best]).topk(count).indices]


def select(q: Tensor, pool: Tensor | Shards, in_domain: Tensor, budget: int, ratio: float) -> Tensor:
    """Return the indices [K] of the selected pool images, in the order of selection.

    Args:
        q: scores of the pool images, [P].
        pool: their unit features before the head, [P, d].
        in_domain: unit features of the in-domain images before the head, [N, d].
        budget: pool images to select, K.
        ratio: candidates per selected image; with 1 the best K are selected as they are.
    """
    best = candidates(q, budget, ratio)
    if len(best) <= budget:
        return best
    return best[kcenter_greedy(pool[best].to(in_domain.device), in_domain, budget).to(best.device)]


def _standardized(value: Tensor) -> Tensor:
    std = value.std(correction=0)
    return torch.zeros_like(value) if std == 0 else (value - value.mean()).div_(std)
