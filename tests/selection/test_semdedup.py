"""SemDeDup against loops over all pairs of a cell, and what it drops."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.embeddings.lloyd import lloyd, nearest_centres
from ballast.selection import semdedup
from tests.oracles.semdedup import closest_before_by_loops


def pool(images: int = 80) -> torch.Tensor:
    return normalize(torch.randn(images, 6, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("cells", [1, 5])
def test_largest_cosine_to_an_image_before(cells):
    z = pool()
    centres = lloyd(z, cells, 3)
    label, _ = nearest_centres(z, centres)
    expected = closest_before_by_loops(z.double(), label.tolist(), centres.double())
    torch.testing.assert_close(semdedup.closest_before(z, cells, 3), torch.tensor(expected, dtype=torch.float32))


def test_a_large_cell_is_compared_in_parts(monkeypatch):
    monkeypatch.setattr(semdedup, "LARGEST", 10)
    assert (semdedup.closest_before(pool(), 1, 0) == -1).sum() == 8


def test_of_copies_one_is_left():
    z = pool(40)
    copies = torch.cat([z, z[:20]])
    chosen, _ = semdedup.select(copies, 40, 40 / 60, 1, 0, torch.Generator().manual_seed(1))
    assert sorted((chosen % 40).tolist()) == list(range(40))
