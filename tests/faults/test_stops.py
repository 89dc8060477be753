"""A training that is asked to stop saves first; a second one is refused; edited code is noticed; no orphan lives on."""

import os
import signal
import subprocess
import time

import psutil
import pytest

from tests.faults.conftest import some, with_all

COMMANDS = {
    "pretrain@colt": "pretrain colt longtail all none",
    "pretrain@sdclr": "pretrain sdclr longtail none none",
    "student@guided": "student guided guide",
}


def start(victim, target: str, **environment: str) -> subprocess.Popen:
    """Start the stage itself, as DVC would; what it says is kept."""
    victim.forget()
    return subprocess.Popen(["python", "-m", *f"stages.{COMMANDS[target]}".split()], cwd=victim.folder, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**victim.environment, "DVC_STAGE": target, **environment})


def wait_for_state(victim, run: subprocess.Popen) -> None:
    deadline = time.monotonic() + 300
    while not list(victim.folder.glob(".scratch/*/*/state.pt")):
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_epochs(victim, target: str, run: subprocess.Popen, count: int = 3) -> None:
    """Wait until a training has ended some epochs more."""
    path, deadline = victim.folder / f"runs/live/{target.split('@')[1]}-1.csv", time.monotonic() + 300
    lines = len(path.read_text().splitlines())
    while len(path.read_text().splitlines()) < lines + count:
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("target", some(list(COMMANDS), 1))
@pytest.mark.parametrize("number", some([signal.SIGTERM, signal.SIGINT], 1))
def test_asked_to_stop_it_saves_and_is_gone(victim, trial, target, number):
    with trial(f"{number.name} to the stage"):
        run = start(victim, target)
        wait_for_state(victim, run)
        saved = os.stat(next(victim.folder.glob(".scratch/*/*/state.pt"))).st_mtime_ns
        wait_for_epochs(victim, target, run)  # not all of which are worth a save
        run.send_signal(number)
        said = run.communicate(timeout=300)[0]
        assert run.returncode == 1  # by itself: what does not end is killed after half a minute, without a line
        assert said.splitlines()[-1].endswith("the same command resumes a training from its last whole epoch")
        assert os.stat(next(victim.folder.glob(".scratch/*/*/state.pt"))).st_mtime_ns > saved
        assert "Traceback" not in said + victim.again(target)
        victim.require_whole(target)


@with_all
def test_a_preempted_job_saves_although_dvc_dies_first(victim, trial):
    with trial("SIGTERM to dvc and the stage"):
        victim.forget()
        run = subprocess.Popen(["dvc", "repro", "-f", "-s", "pretrain@colt"], cwd=victim.folder, env=victim.environment,
                               start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_state(victim, run)
        os.killpg(run.pid, signal.SIGTERM)
        run.wait()
        assert not victim.processes(10.0)
        assert "pretrain@colt" in str(next(victim.folder.glob(".scratch/*/*/state.pt")))
        victim.again("pretrain@colt")
        victim.require_whole("pretrain@colt")


@with_all
def test_a_second_training_is_refused_and_the_first_ends_well(victim, trial):
    with trial("a second trainer of the same stage"):
        first = start(victim, "pretrain@colt")
        wait_for_state(victim, first)
        all_of_it = [psutil.Process(first.pid), *psutil.Process(first.pid).children()]
        for process in all_of_it:
            process.suspend()  # it takes longer than the second one's patience
        second = start(victim, "pretrain@colt")
        said = second.communicate(timeout=300)[0]
        for process in all_of_it:
            process.resume()
        assert second.returncode == 1 and said.count("another process is training this; wait for it or stop it") == 1
        assert first.wait(timeout=300) == 0
        victim.require_whole("pretrain@colt")


@with_all
@pytest.mark.parametrize("file", ["src/ballast/losses/ntxent.py", "stages/common/supervise.py"])
def test_code_edited_during_a_run_is_noticed(victim, trial, file):
    with trial("code edited during a run"):
        run = start(victim, "pretrain@colt")
        wait_for_state(victim, run)
        with open(victim.folder / file, "a") as code:
            code.write("\n# edited\n")
        said = run.communicate(timeout=300)[0]
        assert run.returncode == 1 and "while this stage ran" in said
        victim.restore(file)
        victim.again("pretrain@colt")
        victim.require_whole("pretrain@colt")
