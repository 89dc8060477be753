"""MAK: pool images that look rare, lie near the seed set and differ from one another (methods.md 1.5).

    q_i = alpha N(ECLE)_i - (1 - alpha) N(Dist)_i,  N(v) = (v - mean) / std over the whole pool
The C = int(ratio K) best become candidates, of which greedy K-center, started from all seed features, takes K.
"""

import torch
from torch import Tensor

from ballast.embeddings.shards import Shards
from ballast.selection.kcenter import kcenter_greedy


def score(ecle: Tensor, distance: Tensor, alpha: float) -> Tensor:
    """q [P]: alpha = 1 is tailness alone, alpha = 0 proximity alone."""
    return alpha * _standardise(ecle) - (1 - alpha) * _standardise(distance)


def candidates(q: Tensor, budget: int, ratio: float) -> Tensor:
    """Indices of the int(ratio * budget) largest q, best first."""
    return q.topk(min(int(ratio * budget), len(q))).indices


def select(q: Tensor, pool: Tensor | Shards, seed: Tensor, budget: int, ratio: float) -> Tensor:
    """K = budget pool indices in the order picked. pool [P, d] and seed [N, d] unit features before the head."""
    best = candidates(q, budget, ratio)
    if len(best) <= budget:
        return best
    return best[kcenter_greedy(pool[best], seed, budget)]


def _standardise(value: Tensor) -> Tensor:
    spread = value.std(correction=0)
    return torch.zeros_like(value) if spread == 0 else (value - value.mean()) / spread
