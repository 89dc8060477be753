"""Retrieval against loops, in memory and from shards."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.embeddings.shards import load_shards, save_shards
from ballast.selection import retrieval
from tests.oracles.retrieval import retrieval_by_loops

CHANCE = torch.Generator().manual_seed(0)
POOL, IN_DOMAIN = (normalize(torch.randn(count, 5, generator=CHANCE)).half().float() for count in (60, 12))
LABEL = torch.tensor([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 3, 3])


@pytest.mark.parametrize("budget", [[5, 5, 0, 5], [1, 30, 0, 2], [20, 20, 0, 20], [0, 0, 0, 59]])
def test_as_if_images_asked_in_turn(budget):
    index, cluster, cosine, seed = retrieval.select(POOL, IN_DOMAIN, LABEL, torch.tensor(budget))
    expected = retrieval_by_loops(POOL.double(), IN_DOMAIN.double(), LABEL.tolist(), budget)
    assert list(zip(index.tolist(), cluster.tolist(), seed.tolist())) == expected
    torch.testing.assert_close(cosine, (POOL[index] * IN_DOMAIN[seed]).sum(1))


def test_shards_give_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval, "BLOCK", 7)
    save_shards(tmp_path, [POOL], rows=25)
    budget = torch.tensor([9, 9, 0, 9])
    of_shards = retrieval.select(load_shards(tmp_path, limit=0), IN_DOMAIN, LABEL, budget)
    for some, all_ in zip(of_shards, retrieval.select(POOL, IN_DOMAIN, LABEL, budget)):
        torch.testing.assert_close(some, all_)
