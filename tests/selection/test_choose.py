"""Every rule through the door that stages and the command share: sizes, order, and one line for what cannot be."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.config.build import build
from ballast.config.selections import BY_RULE, NEEDS
from ballast.embeddings.shards import load_shards, save_shards
from ballast.runtime.errors import BallastError
from ballast.selection.choose import Evidence, choose

CHANCE = torch.Generator().manual_seed(0)
IN_DOMAIN, POOL = (normalize(torch.randn(count, 8, generator=CHANCE)).half() for count in (30, 90))
SEEN = Evidence(90, IN_DOMAIN, POOL, torch.rand(90, generator=CHANCE), torch.rand(90, generator=CHANCE))
SMALL = {"hkmeans": {"clusters": [12, 3]}, "semdedup": {"cells": 4}, "retrieval": {"clusters": 4}}


def selection(rule: str, **values: object):
    """Return a selection by a rule, small enough for these vectors."""
    return build(BY_RULE[rule], {"rule": rule, "of": "all", "by": NEEDS.get(rule, "embed"), **SMALL.get(rule, {}),
                                 **values})


@pytest.mark.parametrize("rule", BY_RULE)
def test_as_many_as_the_budget_none_twice_and_the_same_again(rule):
    chosen = choose(selection(rule), SEEN, 20, 5)
    assert len(chosen) == chosen["pool"].nunique() == 20 and chosen["pool"].between(0, 89).all()
    assert chosen.equals(choose(selection(rule), SEEN, 20, 5))
    assert len(choose(selection(rule, share=0.1), SEEN, 20, 5)) == 9


@pytest.mark.parametrize("rule", BY_RULE)
def test_from_a_shortlist_only_its_images_are_chosen(rule):
    within = torch.arange(0, 90, 2).flip(0)
    chosen = choose(selection(rule), SEEN, 20, 5, within)
    assert len(chosen) == chosen["pool"].nunique() == 20 and (chosen["pool"] % 2 == 0).all()


def test_all_of_the_pool_as_a_shortlist_changes_nothing():
    for rule in BY_RULE:
        some, all_ = (choose(selection(rule), SEEN, 20, 5, within) for within in (torch.arange(90), None))
        assert some.equals(all_), rule


@pytest.mark.parametrize("rule", sorted(set(BY_RULE) - {"random"}))
def test_shards_give_the_same(rule, tmp_path):
    save_shards(tmp_path, [POOL], rows=40)
    shards = Evidence(90, IN_DOMAIN, load_shards(tmp_path, limit=0), SEEN.ecle, SEEN.distance)
    assert choose(selection(rule), shards, 20, 5)["pool"].equals(choose(selection(rule), SEEN, 20, 5)["pool"])


@pytest.mark.parametrize(("rule", "values", "seen", "budget", "line"), [
    ("kcenter", {}, SEEN, 91, "budget: expected at most 90, the images to choose from, got 91"),
    ("semdedup", {"kept": 0.1}, SEEN, 20, "kept: expected a fraction that leaves the budget of 20 images, got 0.1, wh"),
    ("mak", {}, Evidence(90, IN_DOMAIN, POOL, torch.full((90,), torch.nan), SEEN.distance), 20,
     "alpha: expected 0 with given embeddings, got 0.3"),
])
def test_what_cannot_be_is_one_line(rule, values, seen, budget, line):
    with pytest.raises(BallastError) as error:
        choose(selection(rule, **values), seen, budget, 5)
    assert str(error.value).startswith(line)


def test_retrieval_by_sparsity_gives_sparse_clusters_more():
    """Half of the in-domain images are one tight cluster, half are scattered."""
    tight = normalize(torch.eye(8)[0] + 0.01 * torch.randn(15, 8, generator=CHANCE))
    seen = Evidence(90, torch.cat([tight, IN_DOMAIN[:15].float()]), POOL)
    even, sparse = (choose(selection("retrieval", clusters=2, budgets=budgets), seen, 30, 5)["cluster"].value_counts()
                    for budgets in ("uniform", "sparsity"))
    assert even.tolist() == [15, 15] and sparse.max() > 20
