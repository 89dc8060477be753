"""Incremental greedy K-center against the loop that computes every distance again."""

import torch
from torch.nn.functional import normalize

from ballast.selection.kcenter import kcenter_greedy
from tests.oracles.kcenter import kcenter_by_loops


def test_same_picks_as_computing_every_distance_again():
    torch.manual_seed(0)
    pool, in_domain = normalize(torch.randn(40, 6)), normalize(torch.randn(10, 6))
    picks = kcenter_greedy(pool, in_domain, 25, block=3)
    assert picks.tolist() == kcenter_by_loops(pool.double(), in_domain.double(), 25)


def test_duplicates_are_never_picked_twice():
    pool = normalize(torch.ones(5, 3))
    assert sorted(kcenter_greedy(pool, pool[:1], 5).tolist()) == [0, 1, 2, 3, 4]
