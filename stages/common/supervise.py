"""What happens around the work of a stage: arguments, ranks, signals, one clear line when something is wrong."""

import ctypes
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Timer

from ballast.runtime.code import edited, loaded_code
from ballast.runtime.errors import BallastError
from ballast.runtime.files import scratch

SECONDS_FOR_THE_FIRST_RANK = 3.0
SECONDS_TO_STOP = 30  # after being asked to


def run(work: Callable, arguments: str = "", ranks: bool = False) -> None:
    """Call the stage with the words of the command line; on a mistake exit with one line.

    Args:
        work: the stage. It may return the number of images that went through a network, for `make times`.
        arguments: names of the words that the stage takes.
        ranks: whether the stage may run in several processes, which BALLAST_LAUNCHER starts, for example
            `torchrun --nproc-per-node 2`. It is an environment variable because DVC takes another command for another
            stage.
    """
    name, given = Path(sys.argv[0]).stem, sys.argv[1:]
    if len(given) != len(arguments.split()):
        sys.exit(f"{name}: usage: python -m stages.{name} {arguments}".rstrip() + " (dvc.yaml has the values)")
    stop_with_parent(signal.SIGTERM if ranks else signal.SIGKILL)  # a training saves first
    stop_when_asked()
    if ranks and "RANK" not in os.environ:
        _launch(["-m", f"stages.{name}", *given])
    start = time.monotonic()
    resumed = scratch(os.environ.get("DVC_STAGE", "")).exists()
    try:
        code = loaded_code()
        images = work(*given)
        _refuse_edits(code)
        _note_time(time.monotonic() - start, None if resumed else images)
    except (KeyboardInterrupt, OSError, BallastError) as error:
        _fail(f"{name}: {explained(error)}")


def _launch(words: list[str]) -> None:
    """Become the program that BALLAST_LAUNCHER names, if it names one, which starts this stage once for every rank."""
    line = os.environ.get("BALLAST_LAUNCHER", "")
    try:
        launcher = shlex.split(line)
        if launcher:
            os.environ.setdefault("OMP_NUM_THREADS", "1")  # spares torchrun's warning; `threads` sets it anew
            os.execvp(launcher[0], [*launcher, *words])
    except (OSError, ValueError) as error:
        sys.exit(f"BALLAST_LAUNCHER: expected a command like `torchrun --nproc-per-node 2`, got {line!r} ({error})")


def explained(error: BaseException) -> str:
    """Return an expected error as one line."""
    if isinstance(error, KeyboardInterrupt):
        return "stopped; the same command resumes a training from its last whole epoch"
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: missing; `dvc repro` makes it"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _fail(line: str) -> None:
    """Exit with one line; of several ranks the first speaks, another only where that one lives on."""
    rank = os.environ.get("RANK", "0")
    if rank != "0":
        time.sleep(SECONDS_FOR_THE_FIRST_RANK)
        line = f"rank {rank}: {line}"
    sys.exit(line)


def _refuse_edits(code: dict[str, str]) -> None:
    """Refuse to finish with code that was edited meanwhile: DVC would record the new code beside the old result."""
    path = edited(code)
    if path and "DVC_STAGE" in os.environ:
        raise BallastError(f"{path}: edited while this stage ran; run it again")


def _note_time(seconds: float, images: int | None) -> None:
    """Append a line for `make times`. It is no output of the stage: a clock would give other bytes in every run."""
    if "DVC_STAGE" not in os.environ or os.environ.get("RANK", "0") != "0":
        return
    words = (os.environ.get("DVC_EXP_NAME", ""), os.environ["DVC_STAGE"], f"{seconds:.1f}", str(images or ""),
             f"{time.time():.0f}")
    notes = Path(os.environ.get("DVC_ROOT", "."), ".dvc/tmp/times.csv")
    with suppress(OSError), open(notes, "a", encoding="utf-8") as file:  # no reason to fail
        file.write(",".join(words) + "\n")


def stop_when_asked() -> None:
    """Turn SIGTERM and Ctrl-C into an exception, once, so that the work can save; an alarm ends what does not end."""
    def stop(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        signal.alarm(SECONDS_TO_STOP)
        raise KeyboardInterrupt

    def again(ignored: object) -> None:
        """Stop a moment later, where the exception fell into a destructor or generator that Python was closing."""
        if not issubclass(ignored.exc_type, KeyboardInterrupt):
            return sys.__unraisablehook__(ignored)
        stop_when_asked()
        Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()

    sys.unraisablehook = again
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def stop_with_parent(number: int) -> None:
    """Under DVC on Linux, get a signal when dvc is killed: an orphan would go on and write beside the next run."""
    if "DVC_STAGE" in os.environ and sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
        if "TORCHELASTIC_RUN_ID" in os.environ and os.getppid() == 1:  # torchrun was killed before: no signal will come
            sys.exit(f"rank {os.environ.get('RANK')}: torchrun has ended; run the same command again")
