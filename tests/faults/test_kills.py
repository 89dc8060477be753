"""kill -9 of the stage, of dvc, and of both, at random moments: the same command ends with the same bytes."""

import os
import random
import signal
import subprocess
import time

import pytest

from tests.faults.conftest import TARGETS, some, with_all

VICTIMS = ("the stage", "dvc", "both")
KILLS = [(target, who) for target in TARGETS for who in VICTIMS]


@pytest.fixture(scope="module")
def seconds(victim):
    """How long each target takes when nobody disturbs it."""
    found = {}

    def measured(target: str) -> float:
        if target not in found:
            victim.forget()
            start = time.monotonic()
            victim.again(target)
            found[target] = time.monotonic() - start
        return found[target]

    return measured


@pytest.mark.parametrize("target, who", some(KILLS, 1))
def test_the_same_command_ends_with_the_same_bytes(victim, trial, seconds, target, who):
    chance = random.Random(f"{target} {who}")
    after = chance.uniform(0.3, 1.0) * seconds(target)
    with trial(f"kill -9 of {who}, {target.split('@')[0]}"):
        kill(victim, target, who, after)
        victim.again(target)
        victim.require_whole(target)


@with_all
@pytest.mark.parametrize("number", range(4))
def test_killed_many_times_on_the_way(victim, trial, seconds, number):
    chance, whole = random.Random(number), seconds("pretrain@guide")
    with trial("kill -9, four times in one training"):
        for _ in range(4):
            kill(victim, "pretrain@guide", chance.choice(VICTIMS), chance.uniform(0.4, 0.8) * whole)
        victim.again("pretrain@guide")
        victim.require_whole("pretrain@guide")


@with_all
@pytest.mark.parametrize("who", VICTIMS)
def test_two_ranks_that_embed_are_killed_and_one_process_goes_on(victim, trial, seconds, who):
    after = random.Random(who).uniform(0.5, 1.2) * seconds("embed")
    with trial("kill -9, embed by two ranks"):
        kill(victim, "embed", who, after, BALLAST_LAUNCHER="torchrun --standalone --nproc-per-node 2")
        victim.again("embed")
        victim.require_whole("embed")


def kill(victim, target: str, who: str, after: float, **environment: str) -> None:
    """Start a stage anew and kill some seconds later; what is already gone cannot be killed."""
    victim.run("python", "-m", "scripts.mend")
    if not list(victim.folder.glob(".scratch/*/*/state.pt")):  # the first of several kills
        victim.forget()
    run = subprocess.Popen(["dvc", "repro", "-f", "-s", target], cwd=victim.folder,
                           env={**victim.environment, **environment},
                           start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    stage = victim.trainer()
    if who == "the stage" and stage:
        stage.kill()
    elif run.poll() is None:
        (os.killpg if who == "both" else os.kill)(run.pid, signal.SIGKILL)
    run.wait()
