"""The learning rate: linear warm-up, then a cosine."""

import math

import pytest

from ballast.training.schedule import warmup_cosine


def test_fixed_points_of_the_schedule():
    at = lambda step: warmup_cosine(step, 0.5, 100, 1000)  # noqa: E731
    assert at(0) == 0 and at(50) == 0.25 and at(100) == pytest.approx(0.5)
    assert at(1000) == pytest.approx(1e-6) and at(550) == pytest.approx(0.25, abs=1e-6)
    assert warmup_cosine(1, 0.5, 0, 10) < 0.5


def test_equals_the_equation():
    for s in range(100, 1001, 50):
        f = 1e-6 / 0.5 + (1 - 1e-6 / 0.5) * 0.5 * (1 + math.cos(math.pi * (s - 100) / 900))
        assert warmup_cosine(s, 0.5, 100, 1000) == pytest.approx(0.5 * f)
