"""Folders and lists: order, labels, and one line for whatever is wrong."""

import numpy as np
import pytest

from ballast.data.listing import filelist, folder
from ballast.errors import BallastError
from ballast.evaluation.groups import GROUPS, assign
from tests import ROOT

SPLITS = ROOT.parent / "shared" / "splits"


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_folder_is_sorted_and_labelled_by_its_first_level(tmp_path):
    root = touch(tmp_path, "dog/b.JPG", "dog/deep/a.png", "cat/c.webp", "cat/notes.txt")
    found = folder(root, labelled=True)
    assert found.files == ["cat/c.webp", "dog/b.JPG", "dog/deep/a.png"]
    assert found.labels == [0, 1, 1] and found.classes == ["cat", "dog"] and found.path(0) == root / "cat/c.webp"
    assert folder(root, labelled=False).labels is None


@pytest.mark.parametrize(("names", "labelled", "line"), [
    (["notes.txt"], False, "no image in it"),
    (["cat/a.png", "b.png"], True, "/b.png: lies beside the class folders"),
    (["cat/a.png", "dog/notes.txt"], True, "/dog: class folder without an image"),
])
def test_a_wrong_folder_is_one_line(tmp_path, names, labelled, line):
    with pytest.raises(BallastError, match=line):
        folder(touch(tmp_path, *names), labelled)


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(BallastError, match="nowhere: no such folder"):
        folder(tmp_path / "nowhere", True)


def test_a_list_keeps_its_order_and_a_labelled_one_serves_as_a_pool(tmp_path):
    (tmp_path / "list.txt").write_text("train/n02/b c.JPEG 1\ntrain/n01/a.JPEG 0\n\ntrain/n02/d.JPEG 1\n")
    found = filelist(tmp_path / "list.txt", tmp_path, labelled=True)
    assert found.files == ["train/n02/b c.JPEG", "train/n01/a.JPEG", "train/n02/d.JPEG"]
    assert found.labels == [1, 0, 1] and found.classes == ["n01", "n02"]
    assert filelist(tmp_path / "list.txt", tmp_path, labelled=False)[:3] == (tmp_path, found.files, None)
    (tmp_path / "plain.txt").write_text("x y.png\nb.png\n")
    assert filelist(tmp_path / "plain.txt", tmp_path, labelled=False).files == ["x y.png", "b.png"]


@pytest.mark.parametrize(("text", "line"), [
    ("a.png 0\n../b.png 1\n", r"list.txt:2: ../b.png points out of"),
    ("/etc/b.png 0\n", r"list.txt:1: /etc/b.png points out of"),
    ("a.png 0\nb.png 1\na.png 0\n", r"list.txt:3: a.png again, first in line 1"),
    ("a.png 0\nb.png\n", r"list.txt:2: wants `path label`, has 'b.png'"),
    ("a.png 0\nb.png x\n", r"list.txt:2: label 'x' is no number"),
    ("a.png 0\nb.png -1\n", r"list.txt:2: label '-1' is no number"),
    ("a.png 0\nb.png 2\n", r"list.txt: labels run from 0 to 2, but none is 1"),
    ("\n", r"list.txt: an empty list"),
])
def test_a_wrong_list_is_one_line(tmp_path, text, line):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(BallastError, match=line):
        filelist(tmp_path / "list.txt", tmp_path, labelled=True)


@pytest.mark.skipif(not SPLITS.is_dir(), reason="the published lists lie beside the project, not in it")
@pytest.mark.parametrize(("name", "images", "sizes"), [
    ("imagenet100/imageNet_100_LT_train.txt", 12_205, [39, 48, 13]),
    ("places/Places_LT_train.txt", 62_500, [131, 163, 71])])
def test_the_published_lists_have_their_published_sizes_and_groups(name, images, sizes):
    found = filelist(SPLITS / name, SPLITS, labelled=True)
    assert len(found.files) == images
    groups = assign(np.bincount(found.labels), "counts")
    assert [int((groups == group).sum()) for group in GROUPS] == sizes
