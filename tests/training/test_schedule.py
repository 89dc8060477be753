"""Learning rate and the exact number of iterations (methods.md 1.1, 1.6, 8.8)."""

import math

import pytest

from ballast.training.schedule import batches_per_epoch, resampling_epochs, warmup_cosine


def test_fixed_points_of_the_schedule():
    at = lambda step: warmup_cosine(step, 0.5, 100, 1000)  # noqa: E731
    assert at(0) == 0 and at(50) == 0.25 and at(100) == pytest.approx(0.5)
    assert at(1000) == pytest.approx(1e-6) and at(550) == pytest.approx(0.25, abs=1e-6)
    assert warmup_cosine(1, 0.5, 0, 10) < 0.5


def test_equals_the_equation():
    for s in range(100, 1001, 50):
        f = 1e-6 / 0.5 + (1 - 1e-6 / 0.5) * 0.5 * (1 + math.cos(math.pi * (s - 100) / 900))
        assert warmup_cosine(s, 0.5, 100, 1000) == pytest.approx(0.5 * f)


def test_lengths_of_the_published_runs():
    assert sum(batches_per_epoch(11165, 10000, 101, 2000, 512)) == 82000
    assert sum(batches_per_epoch(9754, 10000, 101, 2000, 512)) == 76100
    assert sum(batches_per_epoch(12205, 10000, 101, 500, 256)) == 39600
    assert sum(batches_per_epoch(11165, 0, 1, 2000, 512)) == 44000


def test_resampling_events_of_the_published_runs():
    assert [len(resampling_epochs(epochs, 100, 25)) for epochs in (2000, 1000, 500)] == [76, 36, 16]
    assert resampling_epochs(10, 3, 4) == [4, 8] and resampling_epochs(3, 3, 1) == []
