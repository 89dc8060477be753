"""Selections from a pool's embeddings in several files are those from one tensor."""

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from ballast.embeddings.shards import Shards, load_shards, save_shards
from ballast.runtime.errors import BallastError
from ballast.selection import mak
from ballast.selection.nearest import nearest_to_centres
from ballast.selection.proximity import distance_to_centres
from ballast.tailness.ecle import ecle


@pytest.fixture
def both(tmp_path):
    """The same rows as a tensor and as files of 40, 1, 59 and 0 of them."""
    whole = normalize(torch.randn(100, 8, generator=torch.Generator().manual_seed(0))).half()
    for number, part in enumerate(whole.split([40, 1, 59, 0])):
        np.save(tmp_path / f"{number}.npy", part.numpy())
    return whole, Shards(sorted(tmp_path.glob("*.npy")))


def test_blocks_and_rows_are_those_of_the_whole(both):
    whole, shards = both
    assert len(shards) == 100 and shards.shape == (100, 8)
    for rows in (7, 40, 1000):
        blocks = list(shards.split(rows))
        assert torch.equal(torch.cat(blocks), whole) and max(map(len, blocks)) <= rows
    index = torch.tensor([99, 0, 40, 41, 39, 40])
    assert torch.equal(shards[index], whole[index]) and shards[index[:0]].shape == (0, 8)


def test_every_selection_is_the_same(both):
    whole, shards = both
    torch.manual_seed(1)
    centres, in_domain = torch.randn(3, 8), normalize(torch.randn(5, 8))
    torch.testing.assert_close(distance_to_centres(shards, centres), distance_to_centres(whole, centres))
    budget = torch.tensor([20, 5, 30])
    from_shards, from_whole = (nearest_to_centres(pool, centres, budget) for pool in both[::-1])
    torch.testing.assert_close(from_shards, from_whole)
    q = torch.rand(100)
    assert torch.equal(mak.select(q, shards, in_domain, 10, 2.0), mak.select(q, whole, in_domain, 10, 2.0))


def test_wrong_files_are_one_line(tmp_path):
    with pytest.raises(BallastError, match=r"expected \.npy files, got none"):
        Shards([])
    np.save(tmp_path / "0.npy", np.zeros((3, 8), np.float16))
    np.save(tmp_path / "1.npy", np.zeros((3, 9), np.float16))
    with pytest.raises(BallastError, match=r"1.npy: expected rows of 8 numbers, got an array of shape \[3, 9\]"):
        Shards(sorted(tmp_path.glob("*.npy")))
    (tmp_path / "1.npy").write_text("no")
    with pytest.raises(BallastError, match=r"1.npy: expected a readable \.npy array"):
        Shards(sorted(tmp_path.glob("*.npy")))


def test_blocks_of_any_cut_are_written_as_files_of_one_size(tmp_path):
    whole = torch.randn(100, 3).half()
    save_shards(tmp_path / "x", whole.float().split([1, 60, 0, 30, 9]), rows=40)
    assert [len(np.load(path)) for path in sorted((tmp_path / "x").iterdir())] == [40, 40, 20]
    assert torch.equal(load_shards(tmp_path / "x"), whole)
    large = load_shards(tmp_path / "x", limit=599)
    assert isinstance(large, Shards) and torch.equal(large[torch.arange(100)], whole)
    save_shards(tmp_path / "y", whole.split([40, 60]), rows=50)
    assert [len(np.load(path)) for path in sorted((tmp_path / "y").iterdir())] == [50, 50]


def test_tailness_is_the_same_from_files(both, tmp_path):
    whole, shards = both
    other = normalize(torch.randn(100, 8, generator=torch.Generator().manual_seed(1))).half()
    save_shards(tmp_path / "other", [other], rows=30)
    scores = ecle([shards, load_shards(tmp_path / "other", limit=0)], 0.2, 2, 32, 0)
    assert torch.equal(scores, ecle(torch.stack([whole, other]), 0.2, 2, 32, 0))
