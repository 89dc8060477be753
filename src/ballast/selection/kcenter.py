"""Greedy K-center: each pick is the candidate farthest from all chosen so far (Gonzalez 1985; methods.md 1.4)."""

import torch
from torch import Tensor

from ballast.runtime.progress import track


def kcenter_greedy(candidates: Tensor, chosen: Tensor, picks: int, block: int = 4096) -> Tensor:
    """Indices [picks] into candidates [C, d], in order, starting from the already chosen [N, d]; unit vectors, cosine.

    One running vector holds every candidate's largest cosine to the chosen set; a pick updates it by one product, so
    the cost is O((N + picks) C d) where the released loop pays O(picks (N + picks) C d). Ties go to the lowest index.
    """
    candidates = candidates.float()
    closest = torch.full((len(candidates),), -torch.inf, device=candidates.device)
    for part in chosen.float().split(block):
        torch.maximum(closest, (candidates @ part.T).max(1).values, out=closest)
    order = torch.empty(picks, dtype=torch.long, device=candidates.device)
    for step in track(range(picks), "K-center", unit="pick"):
        pick = closest.argmin()
        order[step] = pick
        torch.maximum(closest, candidates @ candidates[pick], out=closest)
        closest[pick] = torch.inf
    return order
