"""COLT's sampling: budgets by cluster tailness, then the pool images nearest to each centre (methods.md 1.6).

    w_c = -(g_c - mean g) / std g,  pi = softmax(w / tau_c),  budget_c = floor(K pi_c) and what is left over
g_c is the mean density of cluster c's seed images, std the sample deviation over clusters.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize


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


def nearest_to_centres(pool: Tensor, centres: Tensor, budget: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each cluster in turn, its budget of the nearest pool images not yet taken.

    pool [P, d] unit vectors, centres [C, d] of any length, budget [C] with a sum of at most P.
    Returns pool indices [K], their clusters [K] and cosines [K], in the order taken; all indices differ.
    """
    centres = normalize(centres)
    taken = torch.zeros(len(pool), dtype=torch.bool, device=pool.device)
    chosen = []
    for cluster, count in enumerate(budget.tolist()):
        cosine = (pool @ centres[cluster]).masked_fill(taken, -torch.inf)
        best = cosine.topk(count)
        taken[best.indices] = True
        chosen.append((best.indices, torch.full_like(best.indices, cluster), best.values))
    return tuple(torch.cat(column) for column in zip(*chosen))
