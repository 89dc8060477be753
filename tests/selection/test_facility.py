"""Lazy greedy against greedy that looks at every candidate for every pick."""

import torch
from torch.nn.functional import normalize

from ballast.selection import facility
from tests.oracles.facility import facility_by_loops


def vectors(count: int, seed: int) -> torch.Tensor:
    return normalize(torch.randn(count, 6, generator=torch.Generator().manual_seed(seed)))


def test_same_picks_as_looking_at_every_candidate(monkeypatch):
    monkeypatch.setattr(facility, "LOOKS", 3)
    pool, in_domain = vectors(50, 1), vectors(6, 2)
    order, gain = facility.lazy_greedy(pool, pool[:30], in_domain, 20, block=7)
    assert order.tolist() == facility_by_loops(pool.double(), pool[:30].double(), in_domain.double(), 20)
    assert (gain[1:] <= gain[:-1] + 1e-6).all(), "f is submodular"


def test_all_images_can_be_chosen_and_none_twice():
    pool = vectors(20, 3)
    order, _ = facility.select(pool, pool[:2], 20, 1.0, torch.Generator().manual_seed(0))
    assert sorted(order.tolist()) == list(range(20))
