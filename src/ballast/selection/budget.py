"""COLT's sampling: budgets by cluster tailness, then the pool images nearest to each centre (methods.md 1.6).

    w_c = -(g_c - mean g) / std g,  pi = softmax(w / tau_c),  budget_c = floor(K pi_c) and what is left over
g_c is the mean density of cluster c's seed images, std the sample deviation over clusters.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.embeddings.shards import Shards


def cluster_means(value: Tensor, labels: Tensor, clusters: int) -> Tensor:
    """Mean of value [N] over each cluster, [C]; NaN for an empty one."""
    total = value.new_zeros(clusters).index_add_(0, labels, value)
    return total / torch.bincount(labels, minlength=clusters)


def budgets(crowding: Tensor, total: int, temperature: float, remainder: str) -> Tensor:
    """Budgets int64 [C] that sum to ``total``, from the mean density g [C] of each cluster (NaN gets nothing).

    remainder: what the floor leaves over goes to the ``largest`` fractions one by one, or to the ``last`` cluster as in
    the released code (item D13). Equal densities share equally.
    """
    present = ~crowding.isnan()
    g = crowding[present].double()
    spread = g.std() if len(g) > 1 else g.new_zeros(())
    w = torch.zeros_like(g) if spread == 0 else -(g - g.mean()) / spread
    exact = total * torch.softmax(w / temperature, 0)
    whole = exact.floor().long()
    left = total - int(whole.sum())
    if remainder == "last":
        whole[-1] += left
    else:
        whole[(exact - whole).argsort(descending=True, stable=True)[:left]] += 1
    budget = torch.zeros(len(crowding), dtype=torch.long, device=crowding.device)
    budget[present] = whole
    return budget


def nearest_to_centres(
    pool: Tensor | Shards, centres: Tensor, budget: Tensor, block: int = 1 << 18
) -> tuple[Tensor, Tensor, Tensor]:
    """For each cluster in turn, its budget of the nearest pool images not yet taken.

    pool [P, d] unit vectors, centres [C, d] of any length, budget [C] with a sum of at most P.
    Returns pool indices [K], their clusters [K] and cosines [K], in the order taken; all indices differ.

    One pass over the pool, in memory O(C K): what a cluster takes is among its K' nearest, K' the budgets so far.
    """
    centres, counts = normalize(centres), budget.tolist()
    nearest = _nearest(pool, centres, budget.cumsum(0).tolist(), block)
    taken = torch.zeros(len(pool), dtype=torch.bool, device=centres.device)
    chosen = []
    for cluster, (count, (cosine, index)) in enumerate(zip(counts, nearest)):
        free = (~taken[index]).nonzero().squeeze(1)[:count]
        taken[index[free]] = True
        chosen.append((index[free], torch.full_like(free, cluster), cosine[free]))
    return tuple(torch.cat(column) for column in zip(*chosen))


def _nearest(pool: Tensor | Shards, centres: Tensor, reach: list[int], block: int) -> list[tuple[Tensor, Tensor]]:
    """For every centre its ``reach`` nearest rows of the pool: cosines, largest first, and indices."""
    best: list[tuple[Tensor, Tensor]] = []
    start = 0
    for part in pool.split(block):
        part = part.to(centres.device).float()
        found = [(part @ centre).topk(min(count, len(part))) for centre, count in zip(centres, reach)]
        here = [(cosine, index + start) for cosine, index in found]
        best = [_merged(*pair, count) for *pair, count in zip(best, here, reach)] if best else here
        start += len(part)
    return best


def _merged(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor], count: int) -> tuple[Tensor, Tensor]:
    cosine, index = (torch.cat(pair) for pair in zip(one, other))
    top = cosine.topk(min(count, len(cosine)))
    return top.values, index[top.indices]
