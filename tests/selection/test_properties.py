"""What every selection promises, whatever the images: the number asked for, no image twice, no matter in what order."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from ballast.runtime.rng import generator
from ballast.selection import mak, random
from ballast.selection.budget import budgets, nearest_to_centres
from ballast.selection.kcenter import kcenter_greedy
from ballast.selection.proximity import distance_to_seed


def vectors(count, seed, stream):
    """Unit vectors; the same ones in every run, since two equal distances would make the order matter."""
    return normalize(torch.randn(count, 5, generator=torch.Generator().manual_seed(1000 * seed + stream)))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(3, 60), st.integers(1, 20), st.data(), st.integers(0, 9))
def test_kcenter_and_mak(images, seeds, data, number):
    pool, seed = vectors(images, number, 1), vectors(seeds, number, 2)
    budget, order = data.draw(st.integers(1, images)), torch.randperm(images, generator=generator(number, "order"))
    q = mak.score(torch.randn(images, generator=generator(number, "q")), distance_to_seed(pool, seed), 0.3)
    for choose in (lambda z, _: kcenter_greedy(z, seed, budget), lambda z, q: mak.select(q, z, seed, budget, 1.5)):
        chosen = choose(pool, q)
        assert len(chosen) == len(set(chosen.tolist())) == budget and set(chosen.tolist()) <= set(range(images))
        assert set(order[choose(pool[order], q[order])].tolist()) == set(chosen.tolist())


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(5, 60), st.integers(1, 6), st.data(), st.integers(0, 9))
def test_budgets_by_cluster(images, clusters, data, number):
    pool, centres = vectors(images, number, 1), vectors(clusters, number, 3)
    crowding, total = torch.rand(clusters, generator=generator(number, "g")), data.draw(st.integers(1, images))
    share = budgets(crowding, total, 1.0, "largest")
    order = torch.randperm(images, generator=generator(number, "order"))
    index, cluster, _ = nearest_to_centres(pool, centres, share)
    assert len(index) == len(set(index.tolist())) == total
    assert cluster.bincount(minlength=clusters).tolist() == share.tolist()
    assert set(order[nearest_to_centres(pool[order], centres, share)[0]].tolist()) == set(index.tolist())
    turn = torch.randperm(clusters, generator=generator(number, "clusters"))
    assert (budgets(crowding[turn], total, 1.0, "largest") - share[turn]).abs().max() <= 1  # of equal fractions


@given(st.integers(1, 200), st.data(), st.integers(0, 2**32))
def test_random(images, data, number):
    budget = data.draw(st.integers(0, images))
    chosen = random.select(images, budget, generator(number, "select")).tolist()
    assert len(chosen) == len(set(chosen)) == budget and set(chosen) <= set(range(images))
    assert chosen == random.select(images, budget, generator(number, "select")).tolist()
