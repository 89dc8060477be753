"""The project that is broken, and the table of what it survived."""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.faults.watched import Watched, is_stage

ALL = os.environ.get("BALLAST_FAULTS") == "all"
TALLY: dict[str, list[int]] = defaultdict(lambda: [0, 0])
EVERY = [*(f"pretrain@{name}" for name in ("simclr", "sdclr", "bcl", "colt", "guide")), "student@guided", "embed",
         "pool", "select_pool@mak", "evaluate@guided"]
TARGETS = EVERY if ALL else ["pretrain@colt", "select_pool@mak"]
LONGER = {"pretrain.epochs": 40, "student.epochs": 40, "sampling.warmup": 10, "sampling.every": 20}
with_all = pytest.mark.skipif(not ALL, reason="`make faults` runs it")


def some(cases: list, few: int) -> list:
    """All cases under `make faults`, the first few under `make test`."""
    return cases if ALL else cases[:few]


def pytest_terminal_summary(terminalreporter) -> None:
    if ALL and TALLY:
        terminalreporter.write_line("\n| fault | tried | survived | lost |\n|:--|--:|--:|--:|")
        for fault, (tried, survived) in TALLY.items():
            terminalreporter.write_line(f"| {fault} | {tried} | {survived} | {tried - survived} |")


@pytest.fixture
def trial():
    """A context that counts a fault, and counts it as survived where nothing is raised."""
    @contextmanager
    def counted(fault: str) -> Iterator[None]:
        TALLY[fault][0] += 1
        try:
            yield
        except pytest.skip.Exception:  # not tried after all
            TALLY[fault][0] -= 1
            raise
        TALLY[fault][1] += 1

    return counted


class Victim(Watched):
    """A project whose stages train for some seconds, and what it made when nobody disturbed it."""

    def prepare(self) -> None:
        """Run every target once."""
        self.change(LONGER, "configs/profiles/smoke.yaml")
        self.change({"repeats": 1})
        self.run("dvc", "repro", *TARGETS)
        self.commit()
        self.whole = {target: self.made(target) for target in TARGETS}

    def made(self, target: str) -> tuple[dict, dict[str, bytes]]:
        """Return what dvc.lock says of a stage, sizes and hashes included, and the bytes of its outputs."""
        return self.lock()[target], self.bytes_of(target)

    def forget(self) -> None:
        """Let stages train anew although their results are kept: what is finished is never made again."""
        shutil.rmtree(self.folder / ".dvc/tmp/finished", ignore_errors=True)

    def again(self, target: str) -> str:
        """Do what a user does after any fault: the same command. -f, since DVC's cache would hide what is computed."""
        self.run("python", "-m", "scripts.mend")
        return self.run("dvc", "repro", "-f", "-s", target).stdout

    def require_whole(self, target: str) -> None:
        """Require that the stage made the bytes that it makes undisturbed, and left nothing behind."""
        assert self.made(target) == self.whole[target]
        assert self.left_behind() == []

    def trainer(self) -> psutil.Process | None:
        """Return the process of a stage, where one runs."""
        return next(filter(is_stage, self.processes()), None)


@pytest.fixture(scope="session")
def victim(tmp_path_factory) -> Victim:
    project = Victim(tmp_path_factory.mktemp("victim"))
    project.prepare()
    return project


@pytest.fixture(autouse=True)
def mended(request):
    """Every test leaves the project as it was, so that one failure does not look like many."""
    yield
    if "victim" in request.fixturenames:
        project = request.getfixturevalue("victim")
        for process in project.processes():
            process.kill()
        project.git("checkout", "-q", ".")
        shutil.rmtree(project.folder / ".scratch", ignore_errors=True)
        project.run("dvc", "checkout", "-q", "--force", check=False)  # of rows that are no target there is nothing
