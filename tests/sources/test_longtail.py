"""Class-count laws, and lists drawn by them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballast.evaluation.groups import assign
from ballast.runtime.errors import BallastError
from ballast.sources.longtail import (
    LAWS,
    PUBLISHED,
    exponential,
    long_tail_split,
    pareto,
    published_lists,
    step,
    validation_list,
)
from tests.sources import SPLITS

# Recovered from the index lists that SDCLR and COLT release, class by class, head to tail.
CIFAR100 = [
    450, 429, 410, 391, 373, 356, 340, 324, 310, 296, 282, 269, 257, 245, 234, 223, 213, 204, 194, 185,
    177, 169, 161, 154, 147, 140, 134, 128, 122, 116, 111, 106, 101, 96, 92, 88, 84, 80, 76, 73,
    70, 66, 63, 60, 58, 55, 52, 50, 48, 46, 43, 41, 40, 38, 36, 34, 33, 31, 30, 28,
    27, 26, 25, 24, 22, 21, 20, 19, 19, 18, 17, 16, 15, 15, 14, 13, 13, 12, 11, 11,
    10, 10, 9, 9, 9, 8, 8, 7, 7, 7, 6, 6, 6, 5, 5, 5, 5, 4, 4, 4,
]
CIFAR10 = [4500, 2697, 1617, 969, 581, 348, 208, 125, 75, 45]


def labels_of(classes, per_class):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(classes), per_class))


def test_cifar_lt_counts_are_the_published_ones():
    assert exponential(10, 4500, 100).tolist() == CIFAR10 and sum(CIFAR10) == 11165
    assert exponential(100, 450, 100).tolist() == CIFAR100 and sum(CIFAR100) == 9754


def test_a_law_may_take_all_images_where_none_are_for_validation():
    labels = labels_of(100, 500)
    assert len(validation_list(labels, 0)) == 0
    counts = exponential(100, 500, 100)
    lists = long_tail_split(labels, np.arange(len(labels)), counts, 0.01, 1)
    assert len(lists["longtail"]) == counts.sum() == 10_847 and np.bincount(assign(counts, "sdclr") == "Many")[1] == 34


def test_step_and_pareto():
    assert step(4, 50, 10).tolist() == [50, 50, 5, 5]
    counts = pareto(365, 4980, 996)
    assert counts[0] == 4980 and counts[-1] == 5 and (np.diff(counts) <= 0).all()


@given(st.sampled_from(sorted(LAWS)), st.integers(1, 200), st.integers(1, 5000), st.floats(1, 1000))
def test_every_law_falls_from_the_largest_count(law, classes, largest, ratio):
    counts = LAWS[law](classes, largest, ratio)
    assert len(counts) == classes and counts[0] == largest and (np.diff(counts) <= 0).all()
    assert counts[-1] >= np.floor(largest / ratio)


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 12), st.integers(1, 60), st.floats(1, 50), st.integers(0, 10))
def test_lists_hold_what_the_law_says(classes, largest, ratio, split):
    labels = labels_of(classes, largest + 10)
    val = validation_list(labels, 10)
    available = np.setdiff1d(np.arange(len(labels)), val)
    counts = exponential(classes, largest, ratio)
    lists = long_tail_split(labels, available, counts, 0.1, split)
    by_class = np.bincount(labels[lists["longtail"]], minlength=classes)
    assert sorted(by_class, reverse=True) == counts.tolist() and by_class.tolist() == lists["counts"].tolist()
    assert (np.bincount(labels[lists["balanced"]], minlength=classes) == counts.sum() // classes).all()
    assert (np.bincount(labels[lists["few"]], minlength=classes) == int(0.1 * largest + 1e-9)).all()
    for name in ("longtail", "balanced", "few"):
        assert len(set(lists[name])) == len(lists[name]) and not set(lists[name]) & set(val)


def test_within_a_class_the_lists_are_prefixes_of_each_other():
    labels = labels_of(10, 500)
    lists = long_tail_split(labels, np.arange(len(labels)), exponential(10, 400, 100), 0.01, 1)
    for c in range(10):
        blocks = sorted((lists[name][labels[lists[name]] == c].tolist() for name in ("few", "longtail", "balanced")),
                        key=len)
        assert blocks[1][: len(blocks[0])] == blocks[0] and blocks[2][: len(blocks[1])] == blocks[1]


def test_the_same_split_is_the_same_and_others_differ():
    labels = labels_of(10, 100)
    draw = lambda split: long_tail_split(labels, np.arange(1000), exponential(10, 90, 10), 0.1, split)  # noqa: E731
    assert np.array_equal(draw(1)["longtail"], draw(1)["longtail"])
    assert draw(1)["counts"].tolist() != draw(2)["counts"].tolist()


def test_too_few_images_of_a_class_is_one_clear_line():
    with pytest.raises(BallastError, match=r"longtail.largest: expected at least 30 images of class 0 .*, got 20"):
        long_tail_split(labels_of(3, 20), np.arange(60), exponential(3, 30, 1), 0.1, 1)


def write_lists(folder, **changes):
    lists = {"longtail": [0, 1, 2, 5], "balanced": [0, 5], "few": [0, 5], "probe": list(range(8)), "val": [8, 9]}
    for name, index in {**lists, **changes}.items():
        np.save(folder / f"x_{PUBLISHED[name].format(1)}.npy", np.array(index))


def test_published_lists_are_read_and_counted(tmp_path):
    write_lists(tmp_path)
    lists = published_lists(tmp_path, "x_", 1, np.repeat([0, 1], 5))
    assert lists["counts"].tolist() == [3, 1] and lists["probe"].tolist() == list(range(8))


@pytest.mark.parametrize(("changes", "line"), [
    ({"longtail": [0, 99]}, "expected indices below 10"), ({"few": [0.5]}, "expected indices below 10"),
    ({"balanced": [3, 3]}, "expected every image once, got one twice"),
    ({"val": [8, 2]}, "expected split1_D_i without images of the validation list, got 1")])
def test_wrong_published_lists_are_one_line(tmp_path, changes, line):
    write_lists(tmp_path, **changes)
    with pytest.raises(BallastError, match=line):
        published_lists(tmp_path, "x_", 1, np.repeat([0, 1], 5))
    with pytest.raises(BallastError, match="expected an index list, got no such file"):
        published_lists(tmp_path, "y_", 1, np.repeat([0, 1], 5))


@pytest.mark.skipif(not SPLITS.is_dir(), reason="BALLAST_PUBLISHED_SPLITS names no folder")
@pytest.mark.parametrize(("folder", "prefix", "split", "counts", "head"), [
    ("cifar10", "", 1, CIFAR10, [6, 8, 4, 1, 7, 0, 3, 2, 5, 9]),
    ("cifar10", "", 2, CIFAR10, [3, 9, 7, 4, 0, 1, 2, 6, 8, 5]),
    ("cifar100", "cifar100_", 1, CIFAR100, [7, 14, 57, 49, 82]),
    ("cifar100", "cifar100_", 2, CIFAR100, [84, 73, 18, 31, 66])])
def test_the_released_lists_have_their_counts_and_class_order(folder, prefix, split, counts, head):
    """Labels are not shipped, but the lists run class by class, and the few-shot list has each block's first images."""
    long_tail, few = (np.load(SPLITS / folder / f"{prefix}split{split}_{name}.npy") for name in ("D_i", "S_b"))
    position = {image: number for number, image in enumerate(long_tail.tolist())}
    starts = [position[image] for image in few[:: len(few) // len(counts)].tolist()]
    labels = np.zeros(50_000, np.int64)
    labels[long_tail] = np.searchsorted(starts, np.arange(len(long_tail)), side="right") - 1
    counted = published_lists(SPLITS / folder, prefix, split, labels)["counts"]
    assert sorted(counted.tolist(), reverse=True) == counts
    assert np.argsort(-counted, kind="stable")[: len(head)].tolist() == head
