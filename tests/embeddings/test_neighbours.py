"""The nearest neighbours are those of all pairs, by faiss and by torch."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.embeddings import neighbours
from ballast.embeddings.neighbours import nearest_neighbours, search, searcher


@pytest.fixture(params=["faiss", "torch"])
def library(request, monkeypatch):
    if request.param == "torch":
        monkeypatch.setattr(neighbours, "faiss", None)
    elif neighbours.faiss is None:
        pytest.skip("faiss is not installed")


@pytest.mark.usefixtures("library")
def test_neighbours_are_the_nearest_others_also_of_a_duplicate():
    torch.manual_seed(0)
    z = normalize(torch.randn(60, 3))
    z = torch.cat([z, z[:1]])
    cosine, index = nearest_neighbours(z, 4)
    full = (z @ z.T).fill_diagonal_(-2)
    torch.testing.assert_close(cosine, full.topk(4).values)
    assert (index != torch.arange(61)[:, None]).all()
    torch.testing.assert_close(full.gather(1, index), cosine)
    assert nearest_neighbours(z[:3], 10)[1].shape == (3, 2)  # no more than there are


@pytest.mark.usefixtures("library")
def test_search_is_among_all_points():
    torch.manual_seed(1)
    queries, points = normalize(torch.randn(7, 5)), normalize(torch.randn(40, 5)).half()
    cosine, index = search(queries, points, 3)
    expected = (queries @ points.float().T).topk(3)
    torch.testing.assert_close(cosine, expected.values)
    assert torch.equal(index, expected.indices)


def test_an_index_of_cells_finds_near_duplicates():
    torch.manual_seed(2)
    points = normalize(torch.randn(5000, 16))
    queries = normalize(points[:300] + 0.05 * torch.randn(300, 16))
    cosine, index = searcher(points, exact=1000)(queries, 1)
    expected = search(queries, points, 1)
    assert (index == expected[1]).float().mean() >= 0.99
    torch.testing.assert_close(cosine.median(), expected[0].median())
    assert torch.equal(searcher(points, exact=5000)(queries, 3)[1], search(queries, points, 3)[1])
