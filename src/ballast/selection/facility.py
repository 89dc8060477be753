"""Facility location by lazy greedy: every client, an image of the pool, should be similar to a chosen image.

    f(S) = sum over clients i of max(0, max_{j in S} z_i.z_j),  S starts as the in-domain images;
    u = argmax_j f(S + {j}) - f(S),  the lowest index where gains are equal

f is submodular, so a gain of an earlier step is an upper bound (Minoux 1978): a candidate is looked at again only if
its bound is the largest. The clients are a random part of the pool, so that the cost is linear in the pool.
Sources: Nemhauser et al. (1978) for greedy; Mirzasoleiman et al., CRAIG, ICML 2020, for its use on training sets
(docs/methods/facility.md).
"""

import torch
from torch import Generator, Tensor

from ballast.embeddings.shards import Shards
from ballast.runtime.progress import track

LOOKS = 64  # candidates whose gains are computed at a time


def select(pool: Tensor | Shards, in_domain: Tensor, picks: int, clients: float, rng: Generator
           ) -> tuple[Tensor, Tensor]:
    """Return the indices [picks] of the chosen images in their order, and the gain of each, per client.

    Args:
        pool: unit vectors, [P, d].
        in_domain: unit vectors that count as chosen already, [N, d].
        picks: images to choose, at most P.
        clients: clients per pick.
        rng: draws the clients.
    """
    number = min(len(pool), int(clients * picks))
    served = torch.randperm(len(pool), generator=rng)[:number].sort().values
    return lazy_greedy(pool, _rows(pool, served, in_domain), in_domain.float(), picks)


def lazy_greedy(pool: Tensor | Shards, clients: Tensor, in_domain: Tensor, picks: int, block: int = 4096
                ) -> tuple[Tensor, Tensor]:
    """Return what ``select`` returns for given clients [m, d]."""
    cover = clients.new_zeros(len(clients))
    for rows in in_domain.split(block):
        torch.maximum(cover, (clients @ rows.T).max(1).values, out=cover)
    bound = torch.cat([gains(rows.to(cover.device).float(), clients, cover) for rows in pool.split(block)])
    order, gained = [], []
    for _ in track(range(picks), "facility location", unit="pick"):
        best = _largest(pool, clients, cover, bound)
        order.append(best)
        gained.append(bound[best].item() / len(clients))
        torch.maximum(cover, clients @ _rows(pool, torch.tensor([best]), cover)[0], out=cover)
        bound[best] = -1.0
    return torch.tensor(order), torch.tensor(gained)


def gains(candidates: Tensor, clients: Tensor, cover: Tensor) -> Tensor:
    """Return the gain of every candidate [n, d] over what covers the clients [m], as [n]."""
    return (candidates @ clients.T).sub_(cover).clamp_(min=0).sum(1)


def _largest(pool: Tensor | Shards, clients: Tensor, cover: Tensor, bound: Tensor) -> int:
    """Return the candidate of the largest gain, the lowest of equal ones; what was looked at gets its gain as bound."""
    fresh = torch.zeros(len(bound), dtype=torch.bool, device=bound.device)
    while True:
        best = int(bound.argmax())  # the lowest index of equal ones
        if fresh[best]:
            return best
        stale = bound.masked_fill(fresh, -2.0).topk(min(LOOKS, len(bound))).indices
        stale = stale[~fresh[stale]]
        gain = gains(_rows(pool, stale, cover), clients, cover)
        bound[stale] = gain.where(bound[stale] >= 0, bound[stale])  # of a chosen image it stays -1
        fresh[stale] = True


def _rows(pool: Tensor | Shards, index: Tensor, like: Tensor) -> Tensor:
    return pool[index.to(pool.device)].to(like.device).float()


