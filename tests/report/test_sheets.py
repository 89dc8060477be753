"""Selections as pictures."""

import numpy as np
import pandas as pd
import pytest

from ballast.report.sheets import ACROSS, choices, contact_sheet, embedding_maps, plane


def test_of_rounds_the_last_counts_and_clusters_take_turns():
    trace = pd.DataFrame({"epoch": [3, 3, 5, 5, 5], "pool": [9, 8, 7, 6, 5], "cluster": [0, 1, 0, 0, 1],
                          "cosine": [0.9, 0.9, 0.8, 0.75, 0.5]})
    table = choices(trace)
    assert table["pool"].tolist() == [7, 5, 6] and table["caption"].tolist() == ["c0 0.80", "c1 0.50", "c0 0.75"]
    assert set(choices(trace.assign(cluster=-1))["caption"]) == {""}


def test_a_selection_before_training_keeps_its_order_and_score():
    assert choices(pd.DataFrame({"pool": [4, 2], "q": [0.5, 0.25]}))["caption"].tolist() == ["q 0.50", "q 0.25"]
    table = choices(pd.DataFrame({"pool": [4, 2], "path": ["a", "b"]}))
    assert table["pool"].tolist() == [4, 2] and table["caption"].tolist() == ["", ""]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_has_the_same_bytes_again_and_shows_its_images(channels):
    images = np.random.default_rng(0).integers(0, 256, (ACROSS, channels, 8, 8), dtype=np.uint8)
    rows = [("a", images, [""] * ACROSS), ("b", images[:3], ["x", "y", "z"])]
    sheet = contact_sheet(rows)
    assert sheet.startswith(b"\x89PNG") and sheet == contact_sheet(rows)
    assert sheet != contact_sheet([("a", 255 - images, [""] * ACROSS), rows[1]])
    assert contact_sheet([]).startswith(b"\x89PNG")


def test_the_plane_is_that_of_the_in_domain_images_and_keeps_distances_within_it():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(50, 2)) * [5, 2]
    in_domain = np.concatenate([flat, np.zeros((50, 3))], 1) @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    found, pool = plane(in_domain.astype(np.float16).astype(np.float32), in_domain[:7])
    pairs = lambda z: np.linalg.norm(z[:, None] - z[None], axis=2)  # noqa: E731
    np.testing.assert_allclose(pairs(found), pairs(flat), atol=0.02)
    np.testing.assert_allclose(pool, found[:7], atol=0.02)
    assert np.allclose(plane(in_domain, in_domain)[0], plane(in_domain, in_domain)[0])


def test_a_map_for_every_method_also_without_labels_or_choices():
    rng = np.random.default_rng(0)
    in_domain, pool = rng.normal(size=(6, 2)), rng.normal(size=(9, 2))
    group = np.array(["Few", "Many", "Many", "Median", "Few", "Many"])
    picture = embedding_maps(in_domain, group, pool, {"mak": np.array([1, 2]), "colt": np.array([3])})
    assert picture == embedding_maps(in_domain, group, pool, {"mak": np.array([1, 2]), "colt": np.array([3])})
    assert embedding_maps(in_domain, np.full(6, ""), pool, {"mak": np.array([1])}).startswith(b"\x89PNG")
    assert embedding_maps(in_domain, group, pool, {}).startswith(b"\x89PNG")
