"""Incremental greedy K-center against the loop that recomputes everything."""

import torch
from torch.nn.functional import normalize

from ballast.selection.kcenter import kcenter_greedy


def naive(candidates, chosen, picks):
    order, s = [], list(chosen)
    for _ in range(picks):
        distance = [min(1 - float(c @ x) for x in s) if i not in order else -1.0 for i, c in enumerate(candidates)]
        order.append(max(range(len(candidates)), key=lambda i: (distance[i], -i)))
        s.append(candidates[order[-1]])
    return order


def test_same_picks_as_recomputing_everything():
    torch.manual_seed(0)
    pool, seed = normalize(torch.randn(40, 6).double()).float(), normalize(torch.randn(10, 6).double()).float()
    assert kcenter_greedy(pool, seed, 25, block=3).tolist() == naive(pool.double(), seed.double(), 25)


def test_duplicates_are_never_picked_twice():
    pool = normalize(torch.ones(5, 3))
    assert sorted(kcenter_greedy(pool, pool[:1], 5).tolist()) == [0, 1, 2, 3, 4]
