"""What every stage does around its own work: arguments, metrics, one clear line when something is wrong."""

import ctypes
import hashlib
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ballast.runtime.errors import BallastError, require
from ballast.runtime.files import write_atomic

SECONDS_FOR_THE_FIRST_RANK = 3.0
SECONDS_TO_STOP = 30  # after being asked to
ROOT = Path(__file__).resolve().parents[1]


def run(work: Callable, arguments: str = "", ranks: bool = False) -> None:
    """Call the stage with the command line's words, named in ``arguments``; on a mistake exit with one line.

    work may return the number of images that went through a network, for `make times`.
    ranks: the stage may run in several processes, which BALLAST_LAUNCHER starts, e.g. `torchrun --nproc-per-node 2`. It
    comes from the environment because a changed command would be another stage to DVC.
    """
    name, given = Path(sys.argv[0]).stem, sys.argv[1:]
    if len(given) != len(arguments.split()):
        sys.exit(f"{name}: usage: python -m stages.{name} {arguments}".rstrip() + " (dvc.yaml has the values)")
    _stop_with_parent(signal.SIGTERM if ranks else signal.SIGKILL)  # a training saves first
    _stop_when_asked()
    launcher = shlex.split(os.environ.get("BALLAST_LAUNCHER", "")) if ranks else []
    if launcher and "RANK" not in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # spares torchrun's warning; the parameter `threads` sets it anew
        os.execvp(launcher[0], [*launcher, "-m", f"stages.{name}", *given])
    start, resumed = time.monotonic(), _scratch().exists()
    try:
        _check_code(name)
        images = work(*given)
        _check_code(name)
        _note_time(time.monotonic() - start, None if resumed else images)
    except KeyboardInterrupt:
        _fail(f"{name}: stopped; the same command goes on from the last whole epoch of a training")
    except FileNotFoundError as error:
        _fail(f"{name}: {error.filename}: missing; `dvc repro` makes it")
    except OSError as error:
        _fail(f"{name}: {error.filename}: {error.strerror}" if error.filename else f"{name}: {error}")
    except BallastError as error:
        _fail(f"{name}: {error}")


def _fail(line: str) -> None:
    """Exit with one line; of several ranks the first speaks, another only where that one lives on."""
    rank = os.environ.get("RANK", "0")
    if rank != "0":
        time.sleep(SECONDS_FOR_THE_FIRST_RANK)
        line = f"rank {rank}: {line}"
    sys.exit(line)


def _scratch() -> Path:
    """Where a training of this stage that was cut off left its state (ballast.training.scratch)."""
    return Path(os.environ.get("DVC_ROOT", "."), ".scratch", os.environ.get("DVC_STAGE", "manual"))


def _note_time(seconds: float, images: int | None) -> None:
    """A line for `make times`. No output of the stage: a clock would give other bytes in every run."""
    if "DVC_STAGE" not in os.environ or os.environ.get("RANK", "0") != "0":
        return
    words = os.environ.get("DVC_EXP_NAME", ""), os.environ["DVC_STAGE"], f"{seconds:.1f}", str(images or "")
    notes = Path(os.environ.get("DVC_ROOT", "."), ".dvc/tmp/times.csv")
    with suppress(OSError), open(notes, "a", encoding="utf-8") as file:  # no reason to fail
        file.write(",".join(words) + "\n")


def write_metrics(path: str, values: dict, digits: int = 2) -> None:
    """Metrics as JSON, rounded; a dict within names a setting; what is not known (NaN) is left out."""
    def rounded(block: dict) -> dict:
        return {name: rounded(value) if isinstance(value, dict) else round(value, digits)
                for name, value in block.items() if value == value}

    write_atomic(path, json.dumps(rounded(values), indent=2) + "\n")


def class_names() -> list[str]:
    """Names of the classes by label."""
    return Path("data/labels/classes.txt").read_text(encoding="utf-8").splitlines()


def _check_code(name: str) -> None:
    """Refuse to run code that was edited since `dvc repro` looked: DVC would record the old beside the new result."""
    listing = Path(f"data/sources/{name}.txt")
    if "DVC_STAGE" not in os.environ or not listing.exists():
        return
    for line in listing.read_text().splitlines():
        digest, _, path = line.partition("  ")
        file = ROOT / path
        require(file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == digest,
                f"{path}: edited since this `dvc repro` began; run it again")


def _stop_when_asked() -> None:
    """SIGTERM and Ctrl-C end the work as an exception, once, so that it can save; the clock ends what does not end."""
    def stop(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        signal.alarm(SECONDS_TO_STOP)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _stop_with_parent(how: int) -> None:
    """Under DVC on Linux, stop when dvc is killed: an orphan would go on and write beside the next run."""
    if "DVC_STAGE" in os.environ and sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, how)
