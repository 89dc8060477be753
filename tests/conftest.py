"""Tiers, groups of tests that share a project, and what the tests of several folders use."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded: two test processes share two cores

import pytest

from tests.project import Project

TIERS = ("unit", "slow", "pipeline", "faults", "docs")
FOLDERS = {"stages": "pipeline", "faults": "faults", "docs": "docs"}
PROJECTS = {"finished", "make_project"}  # fixtures
ROWS = ["balanced", "simclr", "sdclr", "mak", "colt", "bcl-colt", "guide", "guided"]  # one of each kind


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark each test with its tier and its group, and put first what takes longest.

    A test that names no tier gets that of its folder; where it needs a project, it belongs to the pipeline. With
    ``--dist loadgroup`` tests of one group run in one process, one after the other.
    """
    for item in items:
        if not any(item.get_closest_marker(tier) for tier in TIERS):
            item.add_marker(tier_of(item))
        group = "finished" if "finished" in item.fixturenames else item.path.stem
        item.add_marker(pytest.mark.xdist_group("faults" if item.get_closest_marker("faults") else group))
    items.sort(key=order)
    return (yield)


def tier_of(item: pytest.Item) -> str:
    """Return the tier of a test that names none."""
    if PROJECTS & set(item.fixturenames):
        return "pipeline"
    return FOLDERS.get(item.path.parent.name, "unit")


def order(item: pytest.Item) -> int:
    """Return the place of a test's group among the others; within a group tests keep their order."""
    group = item.get_closest_marker("xdist_group").args[0]
    tier = next(tier for tier in TIERS if item.get_closest_marker(tier))
    return 0 if group == "finished" else {"faults": 1, "pipeline": 2, "slow": 3, "docs": 4, "unit": 5}[tier]


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
    """A function that makes a project of its own."""
    return lambda: Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def finished(make_project) -> Project:
    """A project in which some rows have run to the report and are committed; a test that changes it puts it back."""
    project = make_project()
    project.change({"show": ROWS})
    project.commit()
    project.repro("report_page", "select_pool@kcenter")
    project.commit()
    return project
