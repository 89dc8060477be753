"""Groups of classes, their accuracies and the spread over them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.evaluation.groups import GROUPS, RULES, assign, class_accuracy, summarise
from ballast.sources.longtail import exponential

PUBLISHED = [  # COLT (ICLR 2023), table 1 on CIFAR-10 (groups 3/4/3): Many, Median, Few, Std, All
    (82.40, 73.91, 70.19, 5.11, 75.34), (87.50, 81.65, 80.80, 2.98, 83.15), (86.69, 82.15, 76.23, 4.28, 81.74),
    (90.87, 84.28, 81.45, 3.95, 85.41), (86.97, 82.40, 76.45, 4.31, 81.99), (89.03, 85.10, 80.36, 3.55, 84.86)]


@pytest.mark.parametrize(("classes", "largest", "rule", "sizes"), [
    (10, 4500, "thirds", (3, 4, 3)), (10, 4500, "sdclr", (4, 3, 3)), (100, 450, "thirds", (33, 34, 33)),
    (100, 450, "sdclr", (34, 33, 33)), (100, 450, "counts", (33, 34, 33))])
def test_sizes_are_the_published_ones(classes, largest, rule, sizes):
    counts = np.random.default_rng(0).permutation(exponential(classes, largest, 100))
    groups = assign(counts, rule)
    assert tuple((groups == name).sum() for name in GROUPS) == sizes
    assert counts[groups == "Many"].min() >= counts[groups == "Median"].max() >= counts[groups == "Few"].max()


@pytest.mark.parametrize("row", PUBLISHED)
def test_published_rows_follow_our_rules(row):
    groups = assign(exponential(10, 4500, 100), "thirds")
    accuracy = np.select([groups == name for name in GROUPS], row[:3])
    found = summarise(accuracy, groups)
    assert found["Std"] == pytest.approx(row[3], abs=0.011) and found["All"] == pytest.approx(row[4], abs=0.011)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60), st.randoms())
def test_class_accuracy_counts_and_ignores_the_order(pairs, random):
    predicted, labels = np.array(pairs).T
    found = class_accuracy(predicted, labels, 5)
    for c in range(5):
        correct = [p == y for p, y in pairs if y == c]
        assert np.isnan(found[c]) if not correct else found[c] == pytest.approx(100 * np.mean(correct))
    shuffled = random.sample(pairs, len(pairs))
    np.testing.assert_array_equal(found, class_accuracy(*np.array(shuffled).T, 5))


@pytest.mark.parametrize("rule", RULES)
def test_without_counts_there_are_no_groups_and_all_is_what_is_left(rule):
    groups = assign(np.zeros(5, int), rule)
    assert groups.tolist() == [""] * 5 and len(assign(np.zeros(0, int), rule)) == 0
    found = summarise(np.array([10.0, 20, 30, 40, 50]), groups)
    assert found["All"] == 30 and all(np.isnan(found[name]) for name in (*GROUPS, "Std"))


@given(st.lists(st.integers(1, 500), min_size=3, max_size=40), st.sampled_from(sorted(RULES)), st.randoms())
def test_groups_follow_the_counts_in_any_order(counts, rule, random):
    counts = np.array(counts)
    groups, rank = assign(counts, rule), {name: number for number, name in enumerate(GROUPS)}
    for more, fewer in zip(np.argsort(-counts, kind="stable")[:-1], np.argsort(-counts, kind="stable")[1:]):
        assert rank[groups[more]] <= rank[groups[fewer]]  # a class with more images is in no rarer group
    order = np.array(random.sample(range(len(counts)), len(counts)))
    if len(set(counts.tolist())) == len(counts):
        assert (assign(counts[order], rule) == groups[order]).all()
    accuracy = np.linspace(0, 100, len(counts))
    assert summarise(accuracy, groups)["All"] == pytest.approx(50)
