"""Means over repeats and their errors."""

import pytest

from ballast.evaluation.repeats import mean_and_error, numbers


def test_mean_and_standard_error_of_every_quantity():
    found = mean_and_error([{"All": 1.0, "Few": 2.0}, {"All": 3.0, "Few": 2.0}, {"All": 5.0, "Few": 2.0}])
    assert found == {"All": 3.0, "Few": 2.0, "se": {"All": pytest.approx(2 / 3**0.5), "Few": 0.0}}


def test_one_repeat_has_no_error_and_nothing_has_nothing():
    assert mean_and_error([{"All": 1.0}]) == {"All": 1.0} and mean_and_error([{}, {}]) == {} == mean_and_error([])


@pytest.mark.parametrize(("values", "text"), [([1], "1"), ([2, 3, 4], "2-4"), ([5, 6], "5-6")])
def test_numbers_are_a_range(values, text):
    assert numbers(values) == text
