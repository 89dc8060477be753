"""Tiers, groups of tests that share a project, and what the tests of several folders use."""

import os
import re
import resource
from contextlib import contextmanager, suppress
from functools import cache

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded: two test processes share two cores

import pytest

from tests import ROOT
from tests.project import Project

with suppress(ImportError):
    from xdist.scheduler import LoadScopeScheduling

TIERS = ("unit", "slow", "pipeline", "faults", "docs")
FOLDERS = {"stages": "pipeline", "faults": "faults", "docs": "docs"}
PROJECTS = {"finished", "make_project"}  # fixtures
USES_FINISHED = re.compile(r"^def \w+\([^)]*\bfinished\b", re.MULTILINE)
ORDER = ("finished", "faults", "pipeline", "slow", "docs", "unit")  # what takes longest begins first
ROWS = ["balanced", "simclr", "sdclr", "mak", "colt", "bcl-colt", "guide", "guided"]  # one of each kind


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tier, and put first what takes longest.

    A test that names no tier gets that of its folder; where it needs a project, it belongs to the pipeline. Slow tests
    and faults are long, beside the files that say so.
    """
    for item in items:
        if not any(item.get_closest_marker(tier) for tier in TIERS):
            item.add_marker(tier_of(item))
        if item.get_closest_marker("slow") or item.get_closest_marker("faults"):
            item.add_marker("long")
    items.sort(key=place_of)


def tier_of(item: pytest.Item) -> str:
    """Return the tier of a test that names none."""
    if PROJECTS & set(item.fixturenames):
        return "pipeline"
    return FOLDERS.get(item.path.parent.name, "unit")


def place_of(item: pytest.Item) -> int:
    """Return the place of a test's group among the others; within a group tests keep their order."""
    group = group_of(str(item.path))
    tier = next(tier for tier in TIERS if item.get_closest_marker(tier))
    return ORDER.index(group if group == "finished" else tier)


@cache
def group_of(file: str) -> str:
    """Return the group of a file of tests: those that share a project, or the file alone."""
    path = ROOT / file
    if USES_FINISHED.search(path.read_text(encoding="utf-8")):
        return "finished"
    return "faults" if path.parent.name == "faults" else str(path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Run tests of one group in one process, one after the other, and the groups in the order of collection."""
    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid.partition("::")[0])

    config.option.loadscopereorder = False
    return ByGroup(config, log)


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
