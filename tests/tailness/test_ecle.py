"""ECLE against the mean of NT-Xent over all pairs of passes."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.embeddings import shuffled
from ballast.embeddings.shards import load_shards, save_shards
from ballast.tailness.ecle import block_loss, ecle
from tests.oracles.ecle import ecle_by_pairs


@pytest.mark.parametrize("passes", [2, 3, 5])
def test_one_block_equals_the_mean_over_all_pairs(passes):
    torch.manual_seed(passes)
    z = normalize(torch.randn(passes, 9, 4), dim=2)
    torch.testing.assert_close(block_loss(z, 0.2), ecle_by_pairs(z, 0.2), rtol=1e-4, atol=1e-5)


def test_every_image_is_counted_once_per_repeat_also_in_the_ragged_block():
    torch.manual_seed(0)
    z = normalize(torch.randn(3, 50, 4), dim=2)
    assert ecle(z, 0.2, 2, 16, seed=0).gt(0).all()
    torch.testing.assert_close(ecle(z, 0.2, 1, 50, seed=0), ecle_by_pairs(z, 0.2), rtol=1e-4, atol=1e-5)


def test_identical_images_score_high():
    torch.manual_seed(0)
    lonely, crowd = normalize(torch.randn(20, 30)), normalize(torch.randn(1, 30)).expand(20, 30)
    z = torch.cat([lonely, crowd]).expand(2, 40, 30)
    scores = ecle(z, 0.2, 3, 40, seed=0)
    assert scores[:20].max() < scores[20:].min()


@pytest.mark.parametrize(("images", "block"), [(100, 16), (96, 16), (10, 16)])
def test_views_in_files_give_the_same_bytes_as_in_memory(images, block, tmp_path, monkeypatch):
    monkeypatch.setattr(shuffled, "BYTES", 1000)  # several buckets
    torch.manual_seed(images)
    views = normalize(torch.randn(3, images, 4), dim=2).half()
    for number, z in enumerate(views):
        save_shards(tmp_path / str(number), [z], rows=30)
    shards = [load_shards(tmp_path / str(number), limit=0) for number in range(3)]
    (tmp_path / "place").mkdir()
    found = ecle(shards, 0.2, 2, block, 1, place=tmp_path / "place")
    assert torch.equal(found, ecle(views, 0.2, 2, block, 1)) and not list((tmp_path / "place").iterdir())
