"""Embeddings from elsewhere choose as embedded ones do; a wrong file is one line."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import normalize

from ballast.embeddings.given import fitted, read_matrix
from ballast.embeddings.shards import load_shards, save_shards
from ballast.encoders.embed import blocks
from ballast.encoders.embed import embed as features_of
from ballast.encoders.model import build
from ballast.runtime.errors import BallastError
from ballast.selection.kcenter import kcenter_greedy
from tests.builders import NETWORK, random_images


@pytest.mark.parametrize("suffix", [".npy", ".parquet"])
def test_given_and_embedded_the_same_matrix_gives_the_same_k_center_picks(suffix, tmp_path):
    model = build(NETWORK, 1, 1).eval()
    picks = []
    for name, images in (("in_domain", random_images(30)), ("pool", random_images(80, seed=1))):
        save_shards(tmp_path / "embedded" / name, (normalize(h) for h, _ in blocks(model, images)))
        matrix = features_of(model, images)[0].numpy()
        path = tmp_path / f"{name}{suffix}"
        if suffix == ".npy":
            np.save(path, matrix)
        else:
            pd.DataFrame({"file": map(str, range(len(matrix))), "vector": list(matrix)}).to_parquet(path)
        save_shards(tmp_path / "given" / name, [normalize(torch.from_numpy(read_matrix(path)))])
    for source in ("embedded", "given"):
        in_domain, pool = (load_shards(tmp_path / source / name) for name in ("in_domain", "pool"))
        picks.append(kcenter_greedy(pool, in_domain, 20))
    assert torch.equal(*picks)


def matrix(change):
    values = np.ones((6, 3), np.float32)
    return change(values)


def with_row(values, row, number):
    values[row] = number
    return values


@pytest.mark.parametrize(("content", "line"), [
    (matrix(lambda m: with_row(m, 2, np.nan)), "got 1 others; the first is row 2"),
    (matrix(lambda m: with_row(m, [1, 4], 0)), "got 2 others; the first is row 1"),
    (np.ones((6, 3), np.int64), r"got int64 of shape \[6, 3\]"),
    (np.ones(6, np.float32), r"got float32 of shape \[6\]"),
    (np.ones((0, 3), np.float32), r"got float32 of shape \[0, 3\]"),
    (np.array([{"a": 1}]), "expected a .npy matrix"),
])
def test_a_wrong_matrix_is_one_line(content, line, tmp_path):
    np.save(tmp_path / "m.npy", content, allow_pickle=True)
    with pytest.raises(BallastError, match=line) as error:
        read_matrix(tmp_path / "m.npy")
    assert "\n" not in str(error.value)


def test_a_wrong_table_is_one_line(tmp_path):
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "none.parquet")
    pd.DataFrame({"v": [[1.0, 2.0], [1.0]]}).to_parquet(tmp_path / "ragged.parquet")
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1 no")
    for name in ("none", "ragged", "damaged", "missing"):
        with pytest.raises(BallastError) as error:
            read_matrix(tmp_path / f"{name}.parquet")
        assert "\n" not in str(error.value)


def test_rows_are_those_of_the_images_in_use_or_of_all():
    values, kept = np.arange(8.0).reshape(4, 2), np.array([True, False, True, True])
    assert np.array_equal(fitted("m.npy", values, kept, "manifest"), values[kept])
    assert np.array_equal(fitted("m.npy", values[:3], kept, "manifest"), values[:3])
    with pytest.raises(BallastError, match=r"each of the 4 lines of manifest, or .* the 3 images in use, got 2"):
        fitted("m.npy", values[:2], kept, "manifest")
