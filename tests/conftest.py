"""What the tests of several folders use."""

import resource
from contextlib import contextmanager

import pytest

from tests.project import Project


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


@pytest.fixture(scope="session")
def make_project(tmp_path_factory):
    return lambda: Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def finished(make_project) -> Project:
    """A project in which everything has run once and is committed."""
    project = make_project()
    project.repro()
    project.commit()
    return project
