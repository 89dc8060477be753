"""Ranks that are killed: torchrun starts all anew, also with another number of ranks, and they end as one process does.

A running torchrun that loses a machine and goes on with the others was tried by hand (docs/scale.md): when it notices
is a matter of its time-outs, too uncertain for a test.
"""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import psutil
import pytest
import torch

from tests import ROOT

SECONDS = 120
LAUNCHER = ("-m", "torch.distributed.run", "--standalone", "--max-restarts=1", "--monitor-interval=0.2",
            "--nproc-per-node")


def started(folder, *launcher):
    """Start the training of tests/training/elastic.py in a folder."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}", "OMP_NUM_THREADS": "1"}
    with open(folder / "log", "a") as log:
        return subprocess.Popen([sys.executable, *launcher, "-m", "tests.training.elastic", str(folder / "out")],
                                cwd=folder, env=environment, stdout=log, stderr=log)


def epochs(folder):
    """Return epoch and number of ranks of every epoch that began."""
    path = folder / "out.ranks"
    return [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for_epoch(number, folder):
    deadline = time.monotonic() + SECONDS
    while number not in [epoch for epoch, _ in epochs(folder)]:
        assert time.monotonic() < deadline, (folder / "log").read_text()[-3000:]
        time.sleep(0.05)


def kill(processes):
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, SECONDS)


@pytest.mark.slow
def test_killed_ranks_start_anew_also_with_fewer_and_end_as_one_process_does(tmp_path):
    several, alone = tmp_path / "several", tmp_path / "alone"
    several.mkdir()
    alone.mkdir()
    torchrun = psutil.Process(started(several, *LAUNCHER, "3").pid)
    wait_for_epoch(4, several)
    kill(torchrun.children()[:1])  # torchrun starts all three again
    wait_for_epoch(8, several)
    kill([torchrun, *torchrun.children()])
    for folder, launcher in ((several, (*LAUNCHER, "2")), (alone, ())):
        assert started(folder, *launcher).wait(SECONDS) == 0, (folder / "log").read_text()[-3000:]
    began = epochs(several)
    assert [count for _, count in began] == sorted((count for _, count in began), reverse=True)
    assert {count for _, count in began} == {2, 3} and {epoch for epoch, _ in began} == set(range(1, 13))
    again = [epoch for (before, _), (epoch, _) in pairwise(began) if epoch <= before]
    assert len(again) == 2 and min(again) > 1  # each kill costs what was not saved yet, and never all
    expected, found = (torch.load(folder / "out", weights_only=True) for folder in (alone, several))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)
