"""What the tests of several folders use."""

import resource
from contextlib import contextmanager

import pytest


@pytest.fixture
def full_disk():
    """A context in which no file of this process grows beyond some bytes."""
    @contextmanager
    def limited(size: int):
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)

    return limited
