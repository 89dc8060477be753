"""Folders, lists and arrays have an order and labels, and a mistake in them is one line."""

import os

import numpy as np
import pytest

from ballast.evaluation.groups import GROUPS, assign
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path
from ballast.runtime.names import image_path, unescaped
from ballast.sources import listing as module
from ballast.sources.listing import array, filelist, folder, listing
from tests.sources import SPLITS


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return str(root)


def test_a_folder_is_sorted_and_labelled_by_its_first_level(tmp_path, capsys):
    root = touch(tmp_path, "dog/b.JPG", "dog/deep/a.png", "cat/c.webp", "cat/notes.txt")
    result = folder(root, labelled=True)
    assert result.files == ["cat/c.webp", "dog/b.JPG", "dog/deep/a.png"]
    assert result.labels == [0, 1, 1] and result.classes == ["cat", "dog"] and result.paths()[0] == f"{root}/cat/c.webp"
    said = capsys.readouterr().out
    assert said == f"{root}: left out, since images do not have such names: 1 .txt\n"
    assert folder(root, labelled=False).labels is None


@pytest.mark.parametrize(("names", "labelled", "line"), [
    (["notes.txt"], False, r"expected images \(.*\), got none"),
    (["cat/a.png", "b.png"], True, "/b.png: expected images in class folders only, got one beside them"),
    (["cat/a.png", "dog/notes.txt"], True, "/dog: expected images of this class, got none"),
])
def test_a_wrong_folder_is_one_line(tmp_path, names, labelled, line):
    with pytest.raises(BallastError, match=line):
        folder(touch(tmp_path, *names), labelled)


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(BallastError, match="nowhere: expected a folder, got none"):
        folder(str(tmp_path / "nowhere"), True)


def test_a_folder_that_may_not_be_read_is_one_line(tmp_path, monkeypatch):
    root = touch(tmp_path, "a/1.png", "secret/2.png")
    scan = module.os.scandir

    def refuse(path):  # as the system does, except to root, who may read anything
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(module.os, "scandir", refuse)
    with pytest.raises(BallastError, match=r"/secret: expected a readable folder, got an error \(Permission denied\)"):
        folder(root, labelled=False)


def test_linked_folders_are_followed_and_a_loop_is_not(tmp_path):
    touch(tmp_path / "elsewhere", "1.png", "deep/2.png")
    root = touch(tmp_path / "pool", "own/0.png")
    (tmp_path / "pool/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/deep/loop").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "pool/own/loop").symlink_to(tmp_path / "pool")
    assert folder(root, labelled=False).files == ["linked/1.png", "linked/deep/2.png", "own/0.png"]
    assert folder(root, labelled=True).classes == ["linked", "own"]


def test_any_name_of_a_file_or_class_is_one_line(tmp_path):
    names = [os.fsdecode(name) for name in (b"caf\xe9", b"a\nb", b"c\rd", b"NA", b"null", b"x,y\"z", b"back\\slash")]
    names += ["line\u2028end", "日本", " 01"]
    root = touch(tmp_path, *(f"{name}/{name}.jpg" for name in names))
    result = folder(root, labelled=True)
    assert sorted(map(unescaped, result.classes)) == sorted(names)
    assert all(image_path(path).is_file() for path in result.paths())
    assert all(len(text.splitlines()) == 1 for text in (*result.classes, *result.files))
    (tmp_path / "list.txt").write_bytes(b"\n".join(os.fsencode(f"{name}/{name}.jpg") for name in names
                                                   if "\n" not in name and "\r" not in name and name[0] != " "))
    again = filelist(str(tmp_path / "list.txt"), root, labelled=False)
    assert len(again.files) == 7 and all(image_path(path).is_file() for path in again.paths())


def test_a_file_that_is_named_like_the_row_of_an_array_is_listed(tmp_path):
    assert folder(touch(tmp_path, "x.npy#3.jpg"), labelled=False).files == ["x.npy#3.jpg"]


def test_a_list_keeps_its_order_and_a_labelled_one_serves_as_a_pool(tmp_path):
    path, root = str(tmp_path / "list.txt"), str(tmp_path)
    (tmp_path / "list.txt").write_text("train/n02/b c.JPEG 1\ntrain/n01/a.JPEG 0\n\ntrain/n02/d.JPEG 1\n")
    result = filelist(path, root, labelled=True)
    assert result.files == ["train/n02/b c.JPEG", "train/n01/a.JPEG", "train/n02/d.JPEG"]
    assert result.labels == [1, 0, 1] and result.classes == ["n01", "n02"]
    assert filelist(path, root, labelled=False)[:3] == (root, result.files, None)
    (tmp_path / "plain.txt").write_text("x y.png\nb.png\n")
    assert filelist(str(tmp_path / "plain.txt"), root, labelled=False).files == ["x y.png", "b.png"]
    with pytest.raises(BallastError, match="a list with a root, got a list without one; set `root`"):
        listing(path, None, labelled=True)


@pytest.mark.parametrize(("text", "line"), [
    ("a.png 0\n../b.png 1\n", r"list.txt:2: expected a path below .*, got ../b.png"),
    ("a.png 0\nx/../../b.png 1\n", r"list.txt:2: expected a path below .*, got x/../../b.png"),
    ("/etc/b.png 0\n", r"list.txt:1: expected a path below .*, got /etc/b.png"),
    ("a.png 0\nb.png 1\na.png 0\n", r"list.txt:3: expected every path once, got a.png, which is in line 1 too"),
    ("a.png 0\nb.png\n", r"list.txt:2: expected `path label`, got 'b.png'"),
    ("a.png 0\nb.png x\n", r"list.txt:2: expected a label 0, 1, 2, ..., got 'x'"),
    ("a.png 0\nb.png -1\n", r"list.txt:2: expected a label 0, 1, 2, ..., got '-1'"),
    ("a.png 0\nb.png \u00b2\n", r"list.txt:2: expected a label 0, 1, 2, ..., got '\u00b2'"),
    ("\n", r"list.txt: expected a list of images, got an empty one"),
])
def test_a_wrong_list_is_one_line(tmp_path, text, line):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(BallastError, match=line):
        filelist(str(tmp_path / "list.txt"), str(tmp_path), labelled=True)


def test_an_array_lists_its_rows_with_the_labels_beside_it(tmp_path):
    path = str(tmp_path / "x.npy")
    np.save(path, np.zeros((3, 8, 9, 3), np.uint8))
    assert listing(path, None, labelled=False).paths() == [f"{path}#0", f"{path}#1", f"{path}#2"]
    with pytest.raises(BallastError, match=r"x_labels\.npy: expected a label for each image"):
        array(path, labelled=True)
    np.save(tmp_path / "x_labels.npy", np.array([1, 0, 1]))
    assert array(path, labelled=True).labels == [1, 0, 1] and array(path, labelled=True).classes == ["0", "1"]


@pytest.mark.parametrize(("images", "labels", "line"), [
    (np.zeros((3, 8, 9, 3)), None, r"x.npy: expected uint8 images \[N, H, W, 3\], got float64 \[3, 8, 9, 3\]"),
    (np.zeros((3, 8), np.uint8), None, "x.npy: expected uint8 images"),
    (np.zeros((3, 8, 9, 5), np.uint8), None, "x.npy: expected uint8 images"),
    (np.zeros((0, 8, 9), np.uint8), None, "x.npy: expected uint8 images"),
    (np.zeros((3, 8, 9), np.uint8), np.array([0, 1]), r"x_labels.npy: expected 3 integer labels, got int64 \[2\]"),
    (np.zeros((3, 8, 9), np.uint8), np.array(["a", "b", "c"]), r"x_labels.npy: expected 3 integer labels, got <U1"),
    (np.zeros((3, 8, 9), np.uint8), np.array([0, -1, 1]), "x_labels.npy: expected labels 0, 1, 2, ..., got -1"),
])
def test_a_wrong_array_is_one_line(tmp_path, images, labels, line):
    np.save(tmp_path / "x.npy", images)
    if labels is not None:
        np.save(tmp_path / "x_labels.npy", labels)
    with pytest.raises(BallastError, match=line):
        array(str(tmp_path / "x.npy"), labelled=True)


def test_a_file_that_is_no_array_is_one_line(tmp_path):
    (tmp_path / "x.npy").write_text("no")
    with pytest.raises(BallastError, match=r"x.npy: expected a readable \.npy array"):
        array(str(tmp_path / "x.npy"), labelled=False)


def test_relative_paths_start_at_the_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert resolve_path("data/external") == tmp_path / "data/external"
    assert str(resolve_path("/data")) == "/data"


@pytest.mark.skipif(not SPLITS.is_dir(), reason="BALLAST_PUBLISHED_SPLITS names no folder")
@pytest.mark.parametrize(("name", "images", "sizes"), [
    ("imagenet100/imageNet_100_LT_train.txt", 12_205, [39, 48, 13]),
    ("places/Places_LT_train.txt", 62_500, [131, 163, 71])])
def test_the_published_lists_have_their_published_sizes_and_groups(name, images, sizes):
    result = filelist(str(SPLITS / name), str(SPLITS), labelled=True)
    assert len(result.files) == images
    groups = assign(np.bincount(result.labels), "counts")
    assert [int((groups == group).sum()) for group in GROUPS] == sizes
