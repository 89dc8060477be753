"""Gains, intervals, Holm's correction and verdicts, against their definitions."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from ballast.report.verdicts import (
    BETTER,
    CANNOT_TELL,
    WORSE,
    gain,
    gains,
    holm,
    leaders,
    power,
    repeats_needed,
    standard_error,
    verdict,
)
from tests.report.runs import runs


def test_the_interval_and_p_value_are_those_of_the_paired_t_test():
    new, old = np.array([82.0, 85.5, 80.1, 84.0]), np.array([79.0, 83.0, 79.5, 80.0])
    found, expected = gain(new - old), stats.ttest_rel(new, old)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high)) and found.n == 4
    assert found.p == pytest.approx(expected.pvalue) and found.mean == pytest.approx((new - old).mean())
    assert found.se == pytest.approx(math.sqrt(sum((d - found.mean) ** 2 for d in new - old) / 3 / 4))


def test_one_repeat_has_no_error_and_equal_differences_have_none_either():
    one = gain(np.array([2.0]))
    assert one.mean == 2 and all(map(math.isnan, (one.se, one.low, one.high, one.p)))
    assert verdict(2, one.p) == CANNOT_TELL
    equal, zero = gain(np.array([2.0, 2.0])), gain(np.zeros(3))
    assert (equal.low, equal.high, equal.p) == (2, 2, 0) and (zero.low, zero.high, zero.p) == (0, 0, 1)
    assert math.isnan(standard_error(np.array([1.0]))) and math.isnan(gain(np.array([])).mean)


def holm_by_its_definition(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    return [max(min(1.0, (len(p) - j) * p[order[j]]) for j in range(order.index(i) + 1)) for i in range(len(p))]


@pytest.mark.parametrize("p", [[0.01], [0.04, 0.01, 0.03], [0.5, 0.9, 0.001, 0.02, 0.02], []])
def test_holm_is_its_definition(p):
    assert holm(np.array(p)).tolist() == pytest.approx(holm_by_its_definition(p))


def test_holm_leaves_out_what_has_no_p_value():
    assert holm(np.array([0.01, np.nan, 0.03]))[[0, 2]].tolist() == pytest.approx([0.02, 0.03])


@pytest.mark.parametrize(("mean", "p", "column", "said"), [
    (1.0, 0.01, "All", BETTER), (-1.0, 0.01, "All", WORSE), (1.0, 0.06, "All", CANNOT_TELL),
    (0.0, 0.0, "All", CANNOT_TELL), (-1.0, 0.01, "Std", BETTER), (1.0, 0.01, "Std", WORSE)])
def test_a_verdict_needs_certainty_and_a_smaller_std_is_better(mean, p, column, said):
    assert verdict(mean, p, column) == said


def power_by_integration(n, deviation, difference):
    """The mean is normal, and (n-1) s² / sigma² has a chi-squared distribution: integrate P(|mean| > t s / sqrt(n))."""
    shift, bound = difference * math.sqrt(n) / deviation, stats.t.ppf(0.975, n - 1)

    def density(v):
        edge = bound * math.sqrt(v / (n - 1))
        return (stats.norm.sf(edge - shift) + stats.norm.cdf(-edge - shift)) * stats.chi2.pdf(v, n - 1)

    return quad(density, 0, stats.chi2.isf(1e-12, n - 1), limit=500, points=[n - 1])[0]


@pytest.mark.parametrize("n", [2, 3, 4, 10, 30])
def test_power_is_that_of_the_definition(n):
    for deviation in (1e-6, 0.001, 0.03, 0.05, 0.08, 0.1, 0.5, 1.0, 3.0, 10.0):
        assert power(n, deviation, 1.0) == pytest.approx(power_by_integration(n, deviation, 1.0), abs=1e-6)


@pytest.mark.parametrize("deviation", [0.05, 0.3, 1.0, 1.6, 2.7, 6.0])
def test_as_many_repeats_as_needed_and_no_more_have_the_power(deviation):
    n = repeats_needed(deviation)
    assert power_by_integration(n, deviation, 1.0) >= 0.8
    assert n == 2 or power_by_integration(n - 1, deviation, 1.0) < 0.8


def test_repeats_needed_are_those_of_the_textbook():
    assert repeats_needed(1.0) == 10 and repeats_needed(2.0) == 34  # Cohen 1988, a paired effect of 1 and of 0.5
    assert repeats_needed(5.0, difference=5.0) == 10


def test_an_interval_of_the_textbook():
    one = gain(np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]))  # Student 1908, hours of sleep
    assert one.p == pytest.approx(0.00283, abs=1e-5) and (one.low, one.high) == pytest.approx((0.70, 2.46), abs=0.005)


def test_a_hopeless_difference_needs_no_number():
    assert repeats_needed(1000.0) is None and repeats_needed(math.nan) is None and repeats_needed(0.0) == 2


def test_pairs_are_formed_of_the_repeats_that_both_have_and_corrected_within_a_column():
    table = runs({"a": [1.0, 2, 3, 4], "b": [2.0, 3.1, 4.2, 5.1], "c": [1.2, math.nan, 3.2, 3.7]})
    found = gains(table, [("b", "a"), ("c", "a"), ("a", "absent")], ("All", "Std"))
    assert found["repeats"].tolist() == [4, 3, 4, 3] and found["method"].tolist() == ["b", "c"] * 2
    single = [gain(np.array([1.0, 1.1, 1.2, 1.1])).p, gain(np.array([0.2, 0.2, -0.3])).p]
    assert found["p_holm"].tolist() == pytest.approx(holm_by_its_definition(single) * 2)
    assert found["verdict"].tolist() == [BETTER, CANNOT_TELL, WORSE, CANNOT_TELL]
    assert found["repeats_needed"].isna().tolist() == [True, False] * 2


def test_leaders_are_the_best_row_and_those_that_cannot_be_told_from_it():
    table = runs({"a": [1.0, 2, 3, 4], "b": [2.0, 3.1, 4.2, 5.1], "c": [2.1, 3.0, 3.9, 5.4], "d": [math.nan] * 4})
    found = leaders(table.assign(Many=math.nan))
    assert found["All"].tolist() == [False, True, True, False], "c is 0.1 behind now and then, a always 1"
    assert found["Std"].tolist() == [True, False, False, False], "the smallest is the best"
    assert not found["Many"].any()
    assert leaders(table[table["method"] == "a"])["All"].tolist() == [True]
