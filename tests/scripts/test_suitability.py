"""The pools of the study of suitability, and the tables from its numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from scripts import pools
from scripts.suitability import MEASURES, correlations, interval, tables


def test_pools_are_images_of_one_size_and_kind(tmp_path, monkeypatch):
    monkeypatch.setattr(pools, "POOLS", tmp_path)
    monkeypatch.setattr(pools, "IMAGES", 100)
    monkeypatch.setattr(pools, "LABELLED", {"train": 2, "test": 2})
    names = pools.make()
    assert len(names) >= 8
    for name in (*names, "train", "test"):
        array = np.load(tmp_path / f"{name}.npy")
        assert array.dtype == np.uint8 and array.shape[1:] == (16, 16) and len(array) == (
            40 if name in ("train", "test") else 100), name
    copies = np.load(tmp_path / "duplicates.npy").reshape(2, 50, -1).astype(int)
    assert np.abs(copies - copies[:, :1]).max() <= 16


def numbers() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"pool": list("abcdefghi"), "repeats": 7, "All gain": rng.standard_normal(9), "All se": 0.5,
                         "Few gain": rng.standard_normal(9), "Few se": 0.5,
                         **{name: rng.standard_normal(9) for name in MEASURES}})


def test_rank_correlations_with_their_interval():
    table = numbers()
    rho = spearmanr(table["mmd2"], table["All gain"]).statistic
    low, high = interval(rho, 9)
    cell = correlations(table).set_index("measure").loc["mmd2", "All"]
    assert cell == f"{rho:+.2f} [{low:+.2f}, {high:+.2f}]" and low < rho < high


@pytest.mark.parametrize("name", ["pools", "correlations"])
def test_tables_are_markdown(name):
    assert tables(numbers())[name].startswith("| ")
