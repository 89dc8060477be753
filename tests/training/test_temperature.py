"""Constant and cosine temperatures."""

import pytest

from ballast.training.temperature import Cosine, temperature


def test_a_constant_stays():
    assert [temperature(0.2, epoch) for epoch in (1, 50, 1000)] == [0.2] * 3


def test_a_cosine_goes_from_high_to_low_and_back_in_a_period():
    schedule = Cosine(0.1, 1.0, 40)
    found = [temperature(schedule, epoch) for epoch in (1, 11, 21, 31, 41)]
    assert found == pytest.approx([1.0, 0.55, 0.1, 0.55, 1.0])
    assert all(0.1 <= temperature(schedule, epoch) <= 1.0 for epoch in range(1, 200))
