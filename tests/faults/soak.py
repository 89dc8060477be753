"""The default pipeline under random changes of parameters and random interruptions, in a clone of the last commit.

    python -m tests.faults.soak MINUTES [SEED]

In the end the parameters are as they were: `dvc repro` must make what dvc.lock in git says, and `dvc status` be clean.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests import ROOT
from tests.project import change

LAPTOP = "configs/profiles/laptop.yaml"
CHANGES = [  # file, path, values that may stand there instead
    ("params.yaml", "selections.mak.alpha", [0.5, 1.0]),
    ("params.yaml", "methods.guide.pretrain.colt.domain.weight", [0.0]),
    ("params.yaml", "seed", [2]),
    ("params.yaml", "students.guided.distill", [0.0]),
    (LAPTOP, "sgd.epochs", [10]),
    (LAPTOP, "adapt.sdclr.prune", [0.3]),
]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def main(minutes: float, seed: int = 1) -> None:
    chance, deadline = random.Random(seed), time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["git", "clone", "-q", ROOT, place], check=True)
        environment = {**os.environ, "DVC_SITE_CACHE_DIR": f"{place}/.dvc/site"}
        wanted = yaml.safe_load(Path(place, "dvc.lock").read_text())["stages"]
        ended = interrupted = 0
        while time.monotonic() < deadline:
            restore(place)
            change_some(place, chance)
            after = min(chance.uniform(5, 120), max(1.0, deadline - time.monotonic()))
            if disturbed(place, environment, after, chance):
                interrupted += 1
            else:
                ended += 1
            print(f"{interrupted} interrupted, {ended} ended, {deadline - time.monotonic():.0f} s to go", flush=True)
        restore(place)
        repro(place, environment, check=True)
        status = subprocess.run(["dvc", "status"], cwd=place, env=environment, capture_output=True, text=True).stdout
        made = yaml.safe_load(Path(place, "dvc.lock").read_text())["stages"]
        changes = subprocess.run(["git", "status", "--short", "metrics", "results"], cwd=place, capture_output=True,
                                 text=True).stdout
        assert "up to date" in status, status
        assert made == wanted, [name for name in wanted if made.get(name) != wanted[name]]
        assert not changes, changes
        print(f"{interrupted} interruptions, {ended} runs to the end; dvc status clean, dvc.lock and metrics as in git")


def restore(place: str) -> None:
    """Put the parameters back as they were committed."""
    subprocess.run(["git", "checkout", "-q", "--", "params.yaml", "configs"], cwd=place, check=True)


def change_some(place: str, chance: random.Random) -> None:
    """Make none to three of the changes."""
    for file, path, values in chance.sample(CHANGES, chance.randrange(4)):
        change(Path(place, file), {path: chance.choice(values)})


def disturbed(place: str, environment: dict, after: float, chance: random.Random) -> bool:
    """Run the pipeline and hit it after some seconds, all of it or dvc alone; False where it had ended before."""
    run = repro(place, environment)
    try:
        run.wait(timeout=after)
        return False
    except subprocess.TimeoutExpired:
        (os.killpg if chance.random() < 0.5 else os.kill)(run.pid, chance.choice(SIGNALS))
    try:
        run.wait(timeout=60)
    except subprocess.TimeoutExpired:  # dvc waits for its stage when it is told to stop alone
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    return True


def repro(place: str, environment: dict, check: bool = False) -> subprocess.Popen:
    """Start what `make repro` does once all is installed."""
    subprocess.run([sys.executable, "-m", "scripts.mend"], cwd=place, env=environment, check=True)
    with open(Path(place, "soak.log"), "ab") as log:
        run = subprocess.Popen(["dvc", "repro"], cwd=place, env=environment, start_new_session=True, stdout=log,
                               stderr=subprocess.STDOUT)
    if check:
        assert run.wait() == 0, Path(place, "soak.log").read_text()[-3000:]
    return run


if __name__ == "__main__":
    main(float(sys.argv[1]), *map(int, sys.argv[2:]))
