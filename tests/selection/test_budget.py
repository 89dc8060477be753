"""COLT's budgets and its choice of pool images."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import normalize

from ballast.selection.budget import budgets, cluster_means
from ballast.selection.nearest import nearest_to_centres
from tests.oracles.budget import budgets_with_the_remainder_last, nearest_by_loops

densities = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(torch.tensor)


@given(densities, st.integers(0, 5000), st.floats(0.1, 10), st.sampled_from(["largest", "last"]))
def test_budgets_sum_to_the_total(density, total, temperature, remainder):
    budget = budgets(density, total, temperature, remainder)
    assert int(budget.sum()) == total and budget.min() >= 0


@given(densities, st.integers(0, 5000))
def test_a_denser_cluster_never_gets_more(density, total):
    budget = budgets(density, total, 1.0, "largest")[density.argsort(stable=True)]
    assert (budget.diff() <= 1).all()  # 1: the remainder is whole images
    assert budget[0] >= budget[-1]


def test_equals_the_equation_with_the_remainder_last():
    density = torch.tensor([0.5, 0.1, 0.3], dtype=torch.float64)
    assert budgets(density, 100, 1.0, "last").tolist() == budgets_with_the_remainder_last(density, 100)


def test_equal_densities_share_equally_and_an_empty_cluster_gets_nothing():
    assert budgets(torch.full((4,), 0.2), 8, 1.0, "largest").tolist() == [2, 2, 2, 2]
    assert budgets(torch.tensor([0.2, torch.nan, 0.2]), 9, 1.0, "last").tolist() == [4, 0, 5]
    means = cluster_means(torch.tensor([1.0, 3.0]), torch.tensor([2, 2]), 3)
    assert means.isnan().tolist() == [True, True, False] and means[2] == 2


@pytest.mark.parametrize("block", [4, 7, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_choice_is_greedy_by_cluster_and_distinct(seed, block):
    torch.manual_seed(seed)
    pool, centres = normalize(torch.randn(30, 3)), torch.randn(4, 3)
    budget = torch.tensor([5, 0, 10, 7])
    index, cluster, cosine = nearest_to_centres(pool, centres, budget, block)
    assert index.tolist() == nearest_by_loops(pool, centres, budget)
    assert cluster.bincount(minlength=4).tolist() == budget.tolist()
    torch.testing.assert_close(cosine, (pool[index] * normalize(centres)[cluster]).sum(1))
