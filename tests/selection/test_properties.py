"""What every selection promises for any images: as many as the budget, none twice, whatever their order."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from ballast.runtime.rng import generator
from ballast.selection import mak, random
from ballast.selection.budget import budgets
from ballast.selection.kcenter import kcenter_greedy
from ballast.selection.nearest import nearest_to_centres
from ballast.selection.proximity import distance_to_centres


def vectors(count, seed, stream):
    """Unit vectors; the same ones in every run, since two equal distances would make the order matter."""
    return normalize(torch.randn(count, 5, generator=torch.Generator().manual_seed(1000 * seed + stream)))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(3, 60), st.integers(1, 20), st.data(), st.integers(0, 9))
def test_kcenter_and_mak(images, in_domain_images, data, number):
    pool, in_domain = vectors(images, number, 1), vectors(in_domain_images, number, 2)
    budget, order = data.draw(st.integers(1, images)), torch.randperm(images, generator=generator(number, "order"))
    q = mak.score(torch.randn(images, generator=generator(number, "q")), distance_to_centres(pool, in_domain), 0.3)
    for choose in (lambda z, _: kcenter_greedy(z, in_domain, budget),
                   lambda z, q: mak.select(q, z, in_domain, budget, 1.5)):
        chosen = choose(pool, q)
        assert len(chosen) == len(set(chosen.tolist())) == budget and set(chosen.tolist()) <= set(range(images))
        assert set(order[choose(pool[order], q[order])].tolist()) == set(chosen.tolist())


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(5, 60), st.integers(1, 6), st.data(), st.integers(0, 9))
def test_budgets_by_cluster(images, clusters, data, number):
    pool, centres = vectors(images, number, 1), vectors(clusters, number, 3)
    density, total = torch.rand(clusters, generator=generator(number, "g")), data.draw(st.integers(1, images))
    budget = budgets(density, total, 1.0, "largest")
    order = torch.randperm(images, generator=generator(number, "order"))
    index, cluster, _ = nearest_to_centres(pool, centres, budget)
    assert len(index) == len(set(index.tolist())) == total
    assert cluster.bincount(minlength=clusters).tolist() == budget.tolist()
    assert set(order[nearest_to_centres(pool[order], centres, budget)[0]].tolist()) == set(index.tolist())
    turn = torch.randperm(clusters, generator=generator(number, "clusters"))
    assert (budgets(density[turn], total, 1.0, "largest") - budget[turn]).abs().max() <= 1  # of equal fractions


@given(st.integers(1, 200), st.data(), st.integers(0, 2**32))
def test_random(images, data, number):
    budget = data.draw(st.integers(0, images))
    chosen = random.select(images, budget, generator(number, "select")).tolist()
    assert len(chosen) == len(set(chosen)) == budget and set(chosen) <= set(range(images))
    assert chosen == random.select(images, budget, generator(number, "select")).tolist()
