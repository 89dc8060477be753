"""What any input must end in: a right result, or one line that names the culprit, in bounded time and memory."""

import itertools
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TypeVar

import psutil
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

from ballast.runtime.errors import BallastError

SECONDS_OF_TEST = 60 * float(os.environ.get("BALLAST_FUZZ", 0))  # of `make fuzz`, which draws new examples so long
LONGEST_LINE = 500
MOST_SECONDS = 20.0
MOST_BYTES = 2 << 30
Result = TypeVar("Result")


def fuzz(examples: int, **strategies: SearchStrategy) -> Callable:
    """Decorate a test of generated arguments: so many fixed examples, or new ones while `make fuzz` lasts."""
    def decorate(test: Callable) -> Callable:
        common = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
        if not SECONDS_OF_TEST:
            return settings(max_examples=examples, derandomize=True, **common)(given(**strategies)(test))

        @wraps(test)
        def long() -> None:
            end = time.monotonic() + SECONDS_OF_TEST
            for number in itertools.count(time.time_ns()):
                if time.monotonic() > end:
                    return
                seed(number)(settings(max_examples=examples, **common)(given(**strategies)(test)))()

        del long.__wrapped__  # or pytest would take the arguments for fixtures
        return long

    return decorate


def ends_well(call: Callable[[], Result], *culprits: str) -> Result | None:
    """Return the result of a call, or None where it ended in one line that names one of the culprits."""
    start = time.monotonic()
    try:
        with limited_memory():
            result = call()
    except BallastError as error:
        line = str(error)
        assert "\n" not in line and len(line) <= LONGEST_LINE, line
        assert any(culprit in line for culprit in culprits), (culprits, line)
        result = None
    assert time.monotonic() - start < MOST_SECONDS
    return result


@contextmanager
def limited_memory() -> Iterator[None]:
    """Let the process have so many bytes more than it has; what asks for more gets a MemoryError."""
    usual = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + MOST_BYTES, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, usual)
