"""Every source: the embedded ones, folders, published lists, and in-domain images without labels."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageFont
from sklearn.datasets import load_sample_images

from ballast.runtime.errors import BallastError
from ballast.sources import digits, glyphs
from ballast.sources.labelled import UNKNOWN
from ballast.sources.listing import filelist
from ballast.sources.load import load_labelled, load_pool, overlap
from ballast.sources.own import divide
from tests.sources import SPLITS

GLYPHS = {"kind": "glyphs", "size": 16, "train_per_class": 3, "test_per_class": 2, "pool_near": 30, "pool_far": 20}


def test_glyphs_have_the_asked_size_and_the_same_bytes_again():
    first, again = load_labelled(GLYPHS), load_labelled(GLYPHS)
    classes = len(glyphs.CLASSES)
    assert first.train.shape == (3 * classes, 1, 16, 16) and first.train.dtype == np.uint8
    assert (np.bincount(first.test_labels) == 2).all() and len(first.classes) == classes
    assert first.train.tobytes() == again.train.tobytes() and first.test.tobytes() == again.test.tobytes()
    assert load_labelled(GLYPHS, seed=1).train.tobytes() != first.train.tobytes()


def test_the_pool_holds_other_characters_and_photographs():
    images, shows = load_pool(GLYPHS)
    assert images.shape == (50, 1, 16, 16)
    assert (np.array(shows) == "photograph").sum() == 20
    assert not set(glyphs.NEAR) & set(glyphs.CLASSES) and len(set(glyphs.NEAR)) == len(glyphs.NEAR)
    assert images.tobytes() == load_pool(GLYPHS)[0].tobytes()


def test_every_font_draws_every_character():
    for name in glyphs.FONTS:
        font = ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf", name), 40)
        missing = bytes(font.getmask("\uffff"))
        for char in glyphs.CLASSES + glyphs.NEAR:
            assert bytes(font.getmask(char)) != missing, (name, char)


def test_textures_are_cut_from_scikit_learns_photographs():
    names = [Path(name).name for name in load_sample_images().filenames]
    assert names == list(glyphs.PHOTOGRAPHS)
    photos = [Image.fromarray(photo).convert("L").reduce(2) for photo in load_sample_images().images]
    images, _ = load_pool({**GLYPHS, "pool_near": 0, "pool_far": 5})
    patches = {np.asarray(photo)[top : top + 16, left : left + 16].tobytes() for photo in photos
               for top in range(photo.height - 16) for left in range(photo.width - 16)}
    assert all(image.tobytes() in patches for image in images)


def test_digits_split_into_classes_and_pool():
    source = load_labelled({"kind": "digits"})
    images, shows = load_pool({"kind": "digits"})
    assert set(source.train_labels) == set(source.test_labels) == set(range(len(digits.CLASSES)))
    assert len(images) == len(shows) == 714
    train = {image.tobytes() for image in source.train}
    assert not any(image.tobytes() in train for image in source.test)


def images(root, names, value=100):
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 12), (value, number, 0)).save(root / name)
    return str(root)


def test_folders_are_labelled_by_their_first_level(tmp_path):
    train = images(tmp_path / "train", ["cat/b.png", "cat/a.png", "dog/c.png"])
    test = images(tmp_path / "test", ["cat/x.png", "dog/y.png"], value=50)
    source = {"kind": "folder", "train": train, "test": test, "pool": test, "size": 8}
    result = load_labelled(source)
    assert result.train.files == ["cat/a.png", "cat/b.png", "dog/c.png"] and result.train_labels.tolist() == [0, 0, 1]
    assert result.classes == ["cat", "dog"] and result.lists is None
    files, shows = load_pool(source)
    assert files.files == ["cat/x.png", "dog/y.png"] and shows == ["cat", "dog"]
    with pytest.raises(BallastError, match="nowhere: expected the pool, got no such file or folder"):
        load_labelled({**source, "pool": "nowhere"})
    images(tmp_path / "test", ["bird/z.png"])
    with pytest.raises(BallastError, match="expected the same classes, got 'bird' in one of them only"):
        load_labelled(source)


def published(tmp_path, **lists):
    """A source of lists below tmp_path."""
    names = sorted({line.split()[0] for text in lists.values() for line in text.splitlines()})
    images(tmp_path / "data", names)
    for name, text in lists.items():
        (tmp_path / f"{name}.txt").write_text(text)
    return {"kind": "lists", "root": str(tmp_path / "data"), "size": 8, "pool": str(tmp_path / "data"),
            **{name: str(tmp_path / f"{name}.txt") for name in lists}}


LISTS = {"longtail": "a/1.png 0\na/2.png 0\nb/1.png 1\n", "probe": "b/1.png 1\na/1.png 0\na/3.png 0\n",
         "val": "a/4.png 0\nb/4.png 1\n", "test": "b/9.png 1\na/9.png 0\n"}


def test_published_lists_become_positions_in_what_they_name_together(tmp_path):
    result = load_labelled(published(tmp_path, **LISTS))
    names = [path.split("data/")[1] for path in result.train.paths()]
    assert names == ["a/1.png", "a/2.png", "b/1.png", "a/3.png", "a/4.png", "b/4.png"]
    assert result.train_labels.tolist() == [0, 0, 1, 0, 0, 1] and result.classes == ["a", "b"]
    assert {name: rows.tolist() for name, rows in result.lists.items()} == {
        "longtail": [0, 1, 2], "probe": [2, 0, 3], "val": [4, 5]}
    assert result.test_labels.tolist() == [1, 0]


@pytest.mark.parametrize(("name", "text", "line"), [
    ("val", "a/4.png 0\na/1.png 0\n", r"val.txt: expected no image of .*probe.txt, got 1"),
    ("val", "a/4.png 0\na/2.png 1\n", r"val.txt: expected label 0 of .*a/2.png, as in .*longtail.txt, got 1"),
    ("val", "a/4.png 7\n", r"val.txt: expected labels up to 1, the largest of .*longtail.txt, got 7"),
    ("test", "b/9.png 5\n", r"test.txt: expected labels up to 1, the largest of .*longtail.txt, got 5"),
    ("test", "a/3.png 0\n", r"test.txt: expected no image of a training list, got .*a/3.png"),
    ("longtail", "a/1.png 0\na/5.png 2\n", r"longtail.txt: expected all labels from 0 to 2, got no image with 1"),
])
def test_lists_that_contradict_each_other_are_one_line(tmp_path, name, text, line):
    with pytest.raises(BallastError, match=line):
        load_labelled(published(tmp_path, **{**LISTS, name: text}))


def own(in_domain):
    """Describe a source of a user's own images."""
    return {"kind": "own", "in_domain": in_domain, "pool": in_domain, "size": 8}


def test_in_domain_images_need_no_label(tmp_path):
    in_domain = images(tmp_path / "in_domain", ["x/1.png", "2.png"])
    result = load_labelled(own(in_domain))
    assert result.train.files == ["2.png", "x/1.png"] and result.train_labels.tolist() == [UNKNOWN, UNKNOWN]
    assert result.lists["longtail"].tolist() == [0, 1] and result.classes == [] and len(result.test.files) == 0


@pytest.mark.parametrize("named", [True, False])
def test_an_evaluation_folder_is_divided_and_names_the_groups_of_in_domain_images_in_class_folders(tmp_path, named):
    in_domain = images(tmp_path / "in_domain", ["cat/1.png", "cat/2.png", "dog/1.png" if named else "unsorted/1.png"])
    evaluation = images(tmp_path / "eval", [f"{name}/{number}.png" for name in ("cat", "dog") for number in range(20)])
    result = load_labelled({**own(in_domain), "evaluation": evaluation})
    assert result.train_labels[:3].tolist() == ([0, 0, 1] if named else [UNKNOWN] * 3)
    assert {name: len(rows) for name, rows in result.lists.items()} == {"longtail": 3, "probe": 16, "val": 4, "few": 2}
    assert set(result.lists["few"]) <= set(result.lists["probe"]) and len(result.test.files) == 20
    assert result.train.paths() == [f"{in_domain}/{name}" for name in sorted(result.train.files)]
    paths = np.array([*result.train.paths(), *result.probe.paths()])
    parts = [set(paths[result.lists[name]]) for name in ("longtail", "probe", "val")] + [set(result.test.paths())]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 43
    for name in ("probe", "val", "few"):
        labels = result.train_labels[result.lists[name]]
        assert (labels == ["dog" in path for path in paths[result.lists[name]]]).all() and labels.mean() == 0.5


def test_an_in_domain_image_in_the_evaluation_folder_is_one_line_also_by_a_link(tmp_path):
    names = [f"{name}/{number}.png" for name in ("cat", "dog") for number in range(9)]
    in_domain = images(tmp_path / "in_domain", names)
    (tmp_path / "eval").symlink_to(in_domain)
    for evaluation in (in_domain, str(tmp_path / "eval")):
        with pytest.raises(BallastError, match=r"in_domain/cat/0\.png is an in-domain image too; remove it"):
            load_labelled({**own(in_domain), "evaluation": evaluation})


def test_a_test_folder_of_its_own_is_tested_on_as_it_is(tmp_path):
    in_domain = images(tmp_path / "in_domain", ["1.png", "2.png"])
    evaluation = images(tmp_path / "eval", [f"{name}/{number}.png" for name in ("cat", "dog") for number in range(20)])
    test = images(tmp_path / "test", ["cat/7.png", "dog/1.png", "dog/2.png"])
    result = load_labelled({**own(in_domain), "evaluation": evaluation, "test": test})
    assert result.classes == ["cat", "dog"] and result.test_labels.tolist() == [0, 1, 1]
    assert result.test.paths() == [f"{test}/cat/7.png", f"{test}/dog/1.png", f"{test}/dog/2.png"]
    assert {name: len(rows) for name, rows in result.lists.items()} == {"longtail": 2, "probe": 36, "val": 4, "few": 2}
    for part, line in ((evaluation, f"is an image of {evaluation} too"), (in_domain, "expected images in class fold")):
        with pytest.raises(BallastError, match=line):
            load_labelled({**own(in_domain), "evaluation": evaluation, "test": part})
    for names, line in ((["cat/1.png", "fish/1.png"], "got 'fish' too"), (["cat/1.png"], "got none of 'dog'")):
        other = images(tmp_path / line[-4:-1], names)
        with pytest.raises(BallastError, match=f"{other}: expected the classes of {evaluation}, {line}"):
            load_labelled({**own(in_domain), "evaluation": evaluation, "test": other})


def test_too_few_evaluation_images_are_one_line():
    with pytest.raises(BallastError, match="eval: class 1 has 3 images; 4 are the least"):
        divide(np.array([0] * 9 + [1] * 3), "eval")


def test_classes_that_the_pool_has_too_are_counted():
    assert overlap(["cat", "bird", "cat", "", "dog"], ["dog", "cat", "fish"]).to_dict() == {"dog": 1, "cat": 2}
    assert overlap([], ["dog"]).empty and overlap(["cat"], []).empty


@pytest.mark.skipif(not SPLITS.is_dir(), reason="BALLAST_PUBLISHED_SPLITS names no folder")
def test_imagenet_r_has_19_of_the_100_classes():
    root = SPLITS / "imagenet100"
    in_domain = filelist(str(root / "imageNet_100_LT_train.txt"), str(root), labelled=True)
    pool = filelist(str(root / "imagenet-r.txt"), str(root), labelled=False)
    result = overlap([file.split("/")[0] for file in pool.files], in_domain.classes)
    assert len(pool.files) == 30_000 and len(result) == 19 and result.sum() == 2_286
