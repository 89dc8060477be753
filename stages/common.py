"""What every stage does around its own work: arguments, metrics, one clear line when something is wrong."""

import ctypes
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

# The library of this tree, not the installed one: `dvc exp run --temp` runs in a copy with code of its own.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from ballast.errors import BallastError
from ballast.files import write_atomic

SECONDS_FOR_THE_FIRST_RANK = 3.0
ROOT = Path(__file__).resolve().parents[1]


def run(work: Callable, arguments: str = "", ranks: bool = False) -> None:
    """Call the stage with the command line's words, named in ``arguments``; on a mistake exit with one line.

    ranks: the stage may run in several processes, which BALLAST_LAUNCHER starts, e.g. `torchrun --nproc-per-node 2`. It
    comes from the environment because a changed command would be another stage to DVC.
    """
    name, given = Path(sys.argv[0]).stem, sys.argv[1:]
    if len(given) != len(arguments.split()):
        sys.exit(f"{name}: usage: python stages/{name}.py {arguments}".rstrip() + " (dvc.yaml has the values)")
    _stop_with_parent()
    launcher = shlex.split(os.environ.get("BALLAST_LAUNCHER", "")) if ranks else []
    if launcher and "RANK" not in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # spares torchrun's warning; the parameter `threads` sets it anew
        os.execvp(launcher[0], [*launcher, *sys.argv])
    try:
        work(*given)
    except FileNotFoundError as error:
        _fail(f"{name}: {error.filename}: missing; `dvc repro` makes it")
    except BallastError as error:
        _fail(f"{name}: {error}")


def _fail(line: str) -> None:
    """Exit with one line; of several ranks the first speaks, another only where that one lives on."""
    rank = os.environ.get("RANK", "0")
    if rank != "0":
        time.sleep(SECONDS_FOR_THE_FIRST_RANK)
        line = f"rank {rank}: {line}"
    sys.exit(line)


def write_metrics(path: str, values: dict, digits: int = 2) -> None:
    """Metrics as JSON, rounded; a dict within names a setting; what is not known (NaN) is left out."""
    def rounded(block: dict) -> dict:
        return {name: rounded(value) if isinstance(value, dict) else round(value, digits)
                for name, value in block.items() if value == value}

    write_atomic(path, json.dumps(rounded(values), indent=2) + "\n")


def class_names() -> list[str]:
    """Names of the classes by label."""
    return Path("data/labels/classes.txt").read_text(encoding="utf-8").splitlines()


def _stop_with_parent() -> None:
    """Under DVC on Linux, stop when dvc is killed: an orphan would go on and write beside the next run."""
    if "DVC_STAGE" in os.environ and sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
