"""Constant and cosine temperatures."""

from dataclasses import replace

import pytest

from ballast.config.profile import CosineTemperature
from ballast.training.temperature import temperature
from tests.builders import OPTIMIZATION


def test_a_constant_stays():
    assert [temperature(OPTIMIZATION, epoch) for epoch in (1, 50, 1000)] == [0.2] * 3


def test_a_cosine_goes_from_high_to_low_and_back_in_a_period():
    schedule = replace(OPTIMIZATION, epochs=200, temperature=CosineTemperature(0.1, 1.0), temperature_period=0.2)
    values = [temperature(schedule, epoch) for epoch in (1, 11, 21, 31, 41)]
    assert values == pytest.approx([1.0, 0.55, 0.1, 0.55, 1.0])
    assert all(0.1 <= temperature(schedule, epoch) <= 1.0 for epoch in range(1, 200))
