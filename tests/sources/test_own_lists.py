"""A user's own images from lists of paths below ``root``."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ballast.checks.check import check_dataset
from ballast.checks.datasets import Dataset
from ballast.config.build import build
from ballast.config.yaml import read_yaml
from ballast.runtime.errors import BallastError
from ballast.sources.load import load_labelled, load_pool
from tests import ROOT

CLASSES = ("cat", "dog")


@pytest.fixture
def source(tmp_path: Path) -> dict:
    """Return a source whose three parts are lists; every image has a colour of its own."""
    rng = np.random.default_rng(0)
    lists = {}
    for part, count in (("in_domain", 3), ("evaluation", 5), ("pool", 4)):
        files = [f"{part}/{name}/{number}.png" for name in CLASSES for number in range(count)]
        for file in files:
            path = tmp_path / "photos" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(path)
        label = (lambda file: f" {CLASSES.index(file.split('/')[1])}") if part == "evaluation" else (lambda _: "")
        lists[part] = tmp_path / f"{part}.txt"
        lists[part].write_text("".join(f"{file}{label(file)}\n" for file in files))
    root = str(tmp_path / "photos")
    return {"kind": "own", **{part: str(path) for part, path in lists.items()}, "root": root, "pool_root": root,
            "size": 8}


def test_lists_below_a_root_are_read(source):
    labelled = load_labelled(source)
    assert len(labelled.lists["longtail"]) == 6 and labelled.classes == list(CLASSES)
    assert np.bincount(labelled.test_labels).tolist() == [2, 2]
    assert len(load_pool(source)[0].files) == 8


def test_in_domain_images_alone_may_be_a_list(source):
    labelled = load_labelled({**source, "evaluation": None, "pool_root": None})
    assert len(labelled.train.files) == 6 and not labelled.test.files


def test_a_list_without_a_root_is_one_clear_line(source):
    with pytest.raises(BallastError, match=r"in_domain\.txt: expected a folder, a \.npy array, or a list with a root"):
        load_labelled({**source, "root": None})


def test_the_committed_file_shows_both_roots_and_takes_them(source):
    block = read_yaml(ROOT / "configs/datasets/own.yaml")
    assert block["source"]["root"] is None and block["source"]["pool_root"] is None
    block["source"] = source
    assert check_dataset(block, "own") == build(Dataset, block)
