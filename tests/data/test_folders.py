"""Folders as arrays: what is read, what is left out, and what ends it."""

import numpy as np
import pytest
from PIL import Image

from ballast.data import folders
from ballast.data.sources import load_labelled, load_pool
from ballast.errors import BallastError


def images(root, names, value=100):
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 12), (value, number, 0)).save(root / name)
    return root


def test_labelled_folders_become_arrays(tmp_path):
    train = images(tmp_path / "train", ["cat/b.png", "cat/a.png", "dog/c.png"])
    test = images(tmp_path / "test", ["cat/x.png", "dog/y.png"], value=50)
    found = load_labelled({"kind": "folder", "train": str(train), "test": str(test), "size": 8})
    assert found.train.shape == (3, 3, 8, 8) and found.train_labels.tolist() == [0, 0, 1]
    assert found.train[:, 1, 0, 0].tolist() == [1, 0, 2]  # sorted by path
    assert found.test.shape == (2, 3, 8, 8) and (found.test[:, 0] == 50).all() and found.classes == ["cat", "dog"]


def test_a_class_of_one_part_only_is_one_line(tmp_path):
    train, test = images(tmp_path / "train", ["cat/a.png", "dog/b.png"]), images(tmp_path / "test", ["cat/x.png"])
    with pytest.raises(BallastError, match="class 'dog' is in one of them only"):
        load_labelled({"kind": "folder", "train": str(train), "test": str(test), "size": 8})


def test_a_bad_labelled_file_is_one_line_and_a_bad_pool_file_is_left_out(tmp_path):
    root = images(tmp_path, ["a/1.png", "a/2.png", "b/3.png"])
    (root / "a/bad.jpg").write_text("no image")
    (root / "b/empty.png").write_bytes(b"")
    with pytest.raises(BallastError, match=r"a/bad.jpg: not an image .*; 2 of 5 files of .* cannot be used"):
        folders.labelled(str(root), 8)
    found, manifest = load_pool({"kind": "folder", "pool": str(root), "size": 8})
    assert len(found) == 3 and found[:, 1, 0, 0].tolist() == [0, 1, 2]
    assert manifest["path"].tolist() == ["a/1.png", "a/2.png", "a/bad.jpg", "b/3.png", "b/empty.png"]
    assert manifest["status"].str.startswith(("ok", "not an image", "empty")).all()
    assert (manifest["status"] == "ok").sum() == 3 and manifest["shows"].tolist() == ["a", "a", "a", "b", "b"]
    assert manifest["bytes"].tolist()[-1] == 0


def test_lists_serve_as_well_as_folders(tmp_path):
    images(tmp_path / "data", ["train/n1/b.png", "train/n1/a.png", "train/n2/c.png", "val/n1/x.png", "val/n2/y.png"])
    (tmp_path / "train.txt").write_text("train/n1/b.png 0\ntrain/n2/c.png 1\n")
    (tmp_path / "test.txt").write_text("val/n2/y.png 1\nval/n1/x.png 0\n")
    (tmp_path / "pool.txt").write_text("train/n1/a.png 0\ntrain/n1/gone.png 0\n")
    source = {"kind": "folder", "size": 8, "root": str(tmp_path / "data"), "pool_root": str(tmp_path / "data"),
              **{part: str(tmp_path / f"{part}.txt") for part in ("train", "test", "pool")}}
    found = load_labelled(source)
    assert found.train[:, 1, 0, 0].tolist() == [0, 2] and found.test_labels.tolist() == [1, 0]
    assert found.classes == ["n1", "n2"]
    pool, manifest = load_pool(source)
    assert len(pool) == 1 and manifest["status"].str.contains("No such file").tolist() == [False, True]
    with pytest.raises(BallastError, match="is a list; root has to say"):
        load_labelled({**source, "root": None})


def test_a_pool_without_any_image_is_one_line(tmp_path):
    (tmp_path / "x.png").write_text("no")
    with pytest.raises(BallastError, match="none of its 1 files is an image"):
        folders.pool(str(tmp_path), 8)


def test_relative_paths_start_at_the_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert folders.here("data/external") == tmp_path / "data/external"
    assert folders.here("/data") == folders.Path("/data")


def test_pixels_are_the_same_whatever_the_number_of_threads(tmp_path, monkeypatch):
    root = images(tmp_path, [f"{number % 3}/{number}.png" for number in range(40)])
    found = []
    for threads in (1, 4):
        monkeypatch.setattr(folders.os, "cpu_count", lambda threads=threads: threads)
        found.append(folders.pool(str(root), 8)[0])
    assert np.array_equal(*found)
