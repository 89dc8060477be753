"""Work on many small items by several processes, for what holds Python's lock most of the time."""

import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from ballast.runtime.errors import BallastError

Item = TypeVar("Item")
Result = TypeVar("Result")
MOST = 16  # threads or processes
WAITING = 2  # items of each process that are at work or done


def mapped(work: Callable[[Item], Result], items: Iterable[Item], processes: int, what: str) -> Iterator[Result]:
    """Yield work(item) of all items in their order, from forked processes.

    Args:
        work: what to do; it can be pickled, as items and results can.
        items: the items, which are asked for as they are needed.
        processes: how many work at a time.
        what: the name of the work, for messages.
    """
    sys.stdout.flush()  # or each process would print once more what waits
    waiting: deque[Future[Result]] = deque()
    executor = ProcessPoolExecutor(processes, get_context("fork"), end_with_parent)
    try:
        for item in items:
            waiting.append(executor.submit(work, item))
            if len(waiting) == WAITING * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise BallastError(f"{what}: a process of this work was killed, as happens where memory runs out; make room, "
                           f"and run again") from error
    finally:
        executor.shutdown(cancel_futures=True)


def end_with_parent() -> None:
    """Let a process of the pool end when its parent is killed, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def workers() -> int:
    """Return how many threads or processes decode: this rank's part of the CPUs; pixels do not depend on it.

    Beyond some sixteen, the threads of a process wait for Python's lock.
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST, cpus // int(os.environ.get("LOCAL_WORLD_SIZE", 1))))
