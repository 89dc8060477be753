"""MAK's score, its distance, and its limits."""

import torch
from torch.nn.functional import normalize

from ballast.selection import mak
from ballast.selection.proximity import distance_to_centres
from tests.oracles.proximity import distance_by_loops


def scores():
    torch.manual_seed(0)
    return torch.randn(60), torch.rand(60), normalize(torch.randn(60, 4)), normalize(torch.randn(7, 4))


def test_score_standardizes_with_the_population_deviation():
    ecle, distance, *_ = scores()
    z = lambda v: (v - v.mean()) / ((v - v.mean()) ** 2).mean().sqrt()  # noqa: E731
    torch.testing.assert_close(mak.score(ecle, distance, 0.3), 0.3 * z(ecle) - 0.7 * z(distance))
    assert mak.score(torch.ones(4), torch.ones(4), 0.3).tolist() == [0] * 4


def test_limits_are_the_largest_tailness_and_the_nearest_to_the_in_domain_images():
    ecle, distance, pool, in_domain = scores()
    tail = mak.select(mak.score(ecle, distance, 1.0), pool, in_domain, 10, 1.0)
    near = mak.select(mak.score(ecle, distance, 0.0), pool, in_domain, 10, 1.0)
    assert tail.tolist() == ecle.argsort(descending=True)[:10].tolist()
    assert near.tolist() == distance.argsort()[:10].tolist()


def test_picks_are_distinct_candidates():
    ecle, distance, pool, in_domain = scores()
    q = mak.score(ecle, distance, 0.3)
    chosen = mak.select(q, pool, in_domain, 20, 1.5).tolist()
    assert len(set(chosen)) == 20 and set(chosen) <= set(q.argsort(descending=True)[:30].tolist())


def test_distance_is_to_the_nearest_centre_of_unit_length():
    _, _, pool, centres = scores()
    expected = torch.tensor(distance_by_loops(pool, centres))
    torch.testing.assert_close(distance_to_centres(pool, 3 * centres, block=7), expected)


def test_candidates_of_many_scores_are_found_part_by_part(monkeypatch):
    q = torch.randperm(101, generator=torch.Generator().manual_seed(0)).float()
    expected = mak.candidates(q, 10, 1.5)
    monkeypatch.setattr(mak, "BLOCK", 16)
    assert torch.equal(mak.candidates(q, 10, 1.5), expected) and len(mak.candidates(q, 90, 2.0)) == 101
