"""Balanced sampling from a hierarchy of clusters, against loops, and what it is for."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.runtime.rng import generator
from ballast.selection import hkmeans
from tests.oracles.hkmeans import shares_by_loops


@pytest.mark.parametrize("picks", [0, 1, 7, 24, 40])
def test_the_budget_is_divided_from_the_top(picks):
    chance = torch.Generator().manual_seed(picks)
    levels = [torch.randint(0, count, (size,), generator=chance).unique(return_inverse=True)[1]
              for size, count in ((40, 9), (9, 4), (4, 2))]
    levels[1] = levels[1][: int(levels[0].max()) + 1]
    levels[1] = levels[1].unique(return_inverse=True)[1]
    levels[2] = levels[2][: int(levels[1].max()) + 1].unique(return_inverse=True)[1]
    assert hkmeans.shares(levels, picks).tolist() == shares_by_loops([level.tolist() for level in levels], picks)


def test_a_crowd_does_not_drive_out_a_few():
    """Nine tenths of the pool are one concept; an even choice takes from all five."""
    chance = torch.Generator().manual_seed(0)
    concepts = normalize(torch.randn(5, 16, generator=chance))
    label = torch.cat([torch.zeros(900, dtype=torch.long), torch.arange(1, 5).repeat(25)])
    pool = normalize(concepts[label] + 0.05 * torch.randn(1000, 16, generator=chance))
    chosen, cluster = hkmeans.select(pool, 100, (50, 5), 2, 0, generator(0, "select"))
    assert len(set(chosen.tolist())) == 100 == len(cluster)
    assert label[chosen].bincount(minlength=5).min() >= 10  # of 100, where a random choice takes 2.5


def test_the_points_nearest_to_each_centre():
    label, distance = torch.tensor([0, 1, 0, 0, 1, 2]), torch.tensor([3.0, 1.0, 1.0, 2.0, 0.5, 9.0])
    assert hkmeans.nearest_members(label, distance, 2).tolist() == [1, 2, 3, 4, 5]
    assert hkmeans.nearest_members(label, distance, 1).tolist() == [2, 4, 5]
