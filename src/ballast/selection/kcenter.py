"""Greedy K-center: each pick is the candidate farthest from everything selected so far.

    u = argmax_i min_{j in s} (1 - h_i.h_j),  s <- s + {u}

Sources: Gonzalez (1985) for the algorithm; MAK (Jiang et al., NeurIPS 2021; docs/methods/kcenter.md) for its use here.
"""

import torch
from torch import Tensor

from ballast.runtime.progress import track


def kcenter_greedy(candidates: Tensor, chosen: Tensor, picks: int, block: int = 4096) -> Tensor:
    """Return the indices [picks] of the picked candidates, in order; equal distances go to the lowest index.

    One vector holds the largest cosine of every candidate to the selected set, and a pick updates it by one product.
    The cost is O((N + picks) C d), where the released loop needs O(picks (N + picks) C d).

    Args:
        candidates: unit vectors to pick from, [C, d].
        chosen: unit vectors of the initial set s, [N, d].
        picks: number of candidates to pick.
        block: rows of ``chosen`` compared at a time.
    """
    candidates = candidates.float()
    closest = torch.full((len(candidates),), -torch.inf, device=candidates.device)
    for rows in chosen.float().split(block):
        torch.maximum(closest, (candidates @ rows.T).max(1).values, out=closest)
    order = torch.empty(picks, dtype=torch.long, device=candidates.device)
    for step in track(range(picks), "K-center", unit="pick"):
        pick = closest.argmin(0, keepdim=True)  # it stays on the device: as an index in brackets it would be read
        order[step] = pick[0]
        torch.maximum(closest, candidates @ candidates.index_select(0, pick)[0], out=closest)
        closest.index_fill_(0, pick, torch.inf)
    return order
