"""No number of a configuration is without bounds: a value beyond them is one line that names it."""

from copy import deepcopy

import pytest

from tests.checks.test_check import refusal
from tests.config.configuration import PARAMS, dataset, profile


def numbers(block, place=()):
    """Yield the path of every number of a configuration."""
    for key, value in block.items() if isinstance(block, dict) else enumerate(block):
        if isinstance(value, dict | list):
            yield from numbers(value, (*place, key))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (*place, key)


def with_value(block, place, value):
    """Return a configuration with another value at the path of a number."""
    block = deepcopy(block)
    inner = block
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return block


@pytest.mark.parametrize("value", [10**30, -(10**30), float("inf"), float("nan")])
@pytest.mark.parametrize("which", ["params", "profile", "dataset"])
def test_no_number_is_without_bounds(which, value):
    files = {"params": PARAMS, "profile": profile("laptop"), "dataset": dataset("glyphs")}
    places = list(numbers(files[which]))
    assert len(places) > 5
    for place in places:
        changed = {**files, which: with_value(files[which], place, value)}
        message = refusal(*changed.values())
        name = next(key for key in reversed(place) if isinstance(key, str))
        assert name in message and len(message) < 300 and "\n" not in message, place
