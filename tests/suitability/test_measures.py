"""Each measure against loops or a known case, and that they order pools as anyone would."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.suitability.coverage import covered
from ballast.suitability.distances import mmd2, separability
from ballast.suitability.duplicates import bound_within, duplicated, pairs
from ballast.suitability.measure import Suitability, suitability
from ballast.suitability.page import page, sentences
from tests.oracles.suitability import covered_by_loops, mmd2_by_loops


def vectors(count: int, seed: int, shift: float = 0.0, width: int = 6) -> torch.Tensor:
    z = torch.randn(count, width, generator=torch.Generator().manual_seed(seed))
    return normalize(z + shift * torch.eye(width)[0])


def test_coverage():
    x, y = vectors(25, 1), vectors(15, 2, shift=1.0)
    assert covered(x, y, k=3).tolist() == covered_by_loops(x.double(), y.double(), 3)
    assert covered(x, x).all() and not covered(vectors(40, 1, 8.0), -vectors(40, 2, 8.0)).any()


def test_mmd2():
    x, y = vectors(12, 1), vectors(9, 2, shift=1.0)
    assert mmd2(x, y) == pytest.approx(mmd2_by_loops(x.double(), y.double()))
    assert abs(mmd2(vectors(500, 3), vectors(500, 4))) < 0.01 < mmd2(vectors(500, 3), vectors(500, 4, 1.0))


def test_separability():
    assert separability(vectors(300, 1), vectors(300, 2)) == pytest.approx(0.5, abs=0.08)
    assert separability(vectors(300, 1, 5.0), -vectors(300, 2, 5.0)) == pytest.approx(1.0)


def test_near_duplicates_are_nearer_than_different_images():
    x, y = vectors(400, 1, width=32), vectors(300, 2, width=32)
    copies = normalize(x[:20] + 0.01 * vectors(20, 3, width=32))
    assert duplicated(y, y, bound_within(x)) < 0.02
    assert duplicated(torch.cat([y, y[:30]]), torch.cat([y, y[:30]]), bound_within(x)) > 0.15
    found = pairs(torch.cat([y, copies]), x, bound_within(x))
    assert set(range(300, 320)) <= set(found["pool"]) and len(found) < 25
    assert found.set_index("pool").loc[310, "other"] == 10 and found["cosine"].is_monotonic_decreasing


def test_a_near_pool_is_better_than_a_far_one_and_the_page_says_what_there_is():
    x = vectors(200, 1, width=16)
    near, _ = suitability(x, vectors(900, 2, width=16).half(), 0)
    far, clusters = suitability(x, vectors(900, 2, 4.0, width=16).half(), 0)
    assert isinstance(near, Suitability) and near.coverage > 0.9 > far.coverage
    assert near.separability < far.separability and near.mmd2 < far.mmd2
    assert clusters["images"].sum() == 200 and clusters["density"].is_monotonic_increasing
    values = far.rounded()
    text = page(values, clusters, pairs(x, x, 0.999), 200, 900)
    assert "200 pool images are near duplicates" in text and all(line in text for line in sentences(values, clusters))
    assert suitability(x, vectors(900, 2, width=16).half(), 0)[0] == near, "the same again"
