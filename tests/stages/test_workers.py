"""Pieces of a stage side by side: order, failures, signals, one process each."""

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from ballast.runtime.errors import BallastError
from stages.common import workers
from stages.common.workers import side_by_side

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch):
    monkeypatch.setattr(workers, "jobs", lambda: 2)


def slow_square(number: int) -> int:
    time.sleep(0.05 * (3 - number))  # the last one ends first
    return number**2


def test_results_come_in_the_order_of_the_pieces_however_many_run_at_a_time(monkeypatch):
    for jobs in (1, 2, 5):
        monkeypatch.setattr(workers, "jobs", lambda jobs=jobs: jobs)
        assert side_by_side(slow_square, [0, 1, 2, 3], "abcd") == [0, 1, 4, 9]


def test_every_piece_has_a_process_of_its_own():
    processes = side_by_side(lambda _: os.getpid(), range(3), "abc")
    assert len({*processes, os.getpid()}) == 4


def crowd(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    time.sleep(0.2)
    most = len(list(folder.iterdir()))
    (folder / str(number)).unlink()
    return most


def test_as_many_run_at_a_time_as_there_are_jobs(tmp_path):
    assert max(side_by_side(partial(crowd, tmp_path), range(4), "abcd")) == 2


def saved_when_stopped(folder: Path, number: int) -> None:
    if number == 1:
        time.sleep(0.3)
        raise BallastError("x.yaml: expected a, got b; do c")
    try:
        (folder / "working").touch()
        time.sleep(30)
    except KeyboardInterrupt:
        (folder / "saved").touch()
        raise


def test_a_failure_is_one_line_with_its_name_and_the_others_save_and_stop(tmp_path):
    start = time.monotonic()
    with pytest.raises(BallastError, match=r"^colt, repeat 2: x\.yaml: expected a, got b; do c$"):
        side_by_side(partial(saved_when_stopped, tmp_path), [0, 1], ["colt, repeat 1", "colt, repeat 2"])
    assert (tmp_path / "saved").exists() and time.monotonic() - start < 10


def killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_one_line():
    with pytest.raises(BallastError, match=r"^a: the process ended with exit code -9; run the command again"):
        side_by_side(killed, [0], "a")


def test_an_interrupt_reaches_the_processes(tmp_path, monkeypatch):
    waiting, wait = threading.Event(), workers.wait

    def waited(results):
        waiting.set()  # fork has ended here: while it lasts, Python drops an exception
        return wait(results)

    def interrupt():
        waiting.wait()
        while not (tmp_path / "working").exists():
            time.sleep(0.01)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    monkeypatch.setattr(workers, "wait", waited)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a stage that another test called ignores it
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            side_by_side(partial(saved_when_stopped, tmp_path), [0], "a")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (tmp_path / "saved").exists()


def test_a_signal_that_comes_before_the_process_can_answer_it_is_one_line(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(workers.progress, "name", lambda name: time.sleep(0.5 if name == "b" else 0))
    with pytest.raises(BallastError, match=r"^a: no$"):
        side_by_side(partial(refused, tmp_path), [0, 1], "ab")
    assert not (tmp_path / "1").exists() and "Traceback" not in capfd.readouterr().err


def test_a_signal_that_comes_after_the_work_is_one_line(monkeypatch, capfd):
    """Both pieces fail at once, and the second is stopped while it says so."""
    monkeypatch.setattr(workers, "explained", lambda error: (time.sleep(0.3), str(error) or "stopped")[1])
    for _ in range(3):
        with pytest.raises(BallastError, match=r"^[ab]: "):
            side_by_side(fails, [0, 0.15], "ab")
    assert "Traceback" not in capfd.readouterr().err


def fails(seconds: float) -> None:
    time.sleep(seconds)
    raise BallastError("no")


def refused(folder: Path, number: int) -> None:
    (folder / str(number)).touch()
    if number == 0:
        raise BallastError("no")


def test_ranks_share_every_piece(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    assert side_by_side(lambda _: os.getpid(), range(2), "ab") == [os.getpid()] * 2


def test_every_process_sees_one_gpu(monkeypatch):
    monkeypatch.setattr(workers, "visible_gpus", lambda: ["3", "5"])
    monkeypatch.setattr(workers, "get_context", lambda _, fork=workers.get_context: fork("fork"))
    seen = side_by_side(lambda _: time.sleep(0.1) or os.environ["CUDA_VISIBLE_DEVICES"], range(4), "abcd")
    assert sorted(seen) == ["3", "3", "5", "5"] and seen[:2] == ["3", "5"]
    monkeypatch.setattr(workers, "jobs", lambda: 1)
    assert side_by_side(lambda _: os.environ["CUDA_VISIBLE_DEVICES"], range(2), "ab") == ["3", "3"]
