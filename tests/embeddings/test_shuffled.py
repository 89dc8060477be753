"""Rows of files in another order."""

import pytest
import torch

from ballast.embeddings import shuffled as module
from ballast.embeddings.shards import load_shards, save_shards
from ballast.embeddings.shuffled import shuffled


@pytest.mark.parametrize("bytes_", [1, 500, 1 << 20])
def test_the_rows_are_those_of_the_order(tmp_path, monkeypatch, bytes_):
    monkeypatch.setattr(module, "BYTES", bytes_)
    monkeypatch.setattr(module, "BLOCK", 13)
    whole = torch.randn(2, 101, 3, generator=torch.Generator().manual_seed(1)).half()
    for number, matrix in enumerate(whole):
        save_shards(tmp_path / str(number), [matrix], rows=40)
    order = torch.randperm(101, generator=torch.Generator().manual_seed(2))
    blocks = list(shuffled([load_shards(tmp_path / str(number), limit=0) for number in range(2)], order, 8, tmp_path))
    assert [block.shape[1] for block in blocks] == [8] * 12 + [5]
    assert torch.equal(torch.cat(blocks, 1), whole[:, order])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]
