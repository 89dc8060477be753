"""Work of one stage side by side: a process for each piece, as many at a time as there are cores or GPUs.

A piece has its own process even where only one runs at a time, so that results do not depend on how many do. On the CPU
processes are forked, which spares each the import of torch; one that uses CUDA has to be started afresh.
"""

import itertools
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TypeVar

from ballast.config.files import read_params
from ballast.runtime import progress
from ballast.runtime.errors import BallastError
from stages.common.supervise import explained, stop_when_asked, stop_with_parent

Item = TypeVar("Item")
Result = TypeVar("Result")
STOPS = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Worker:
    """A process at work on piece ``number``, on one GPU where there are some."""

    number: int
    process: BaseProcess
    result: Connection
    gpu: str | None


def side_by_side(work: Callable[[Item], Result], items: Sequence[Item], names: Sequence[str]) -> list[Result]:
    """Return work(item) of all items, in their order.

    Args:
        work: what to do, a function of a module with an item that can be pickled.
        items: the pieces.
        names: what each is called in messages.

    Raises:
        BallastError: a piece failed; the others were stopped, and trainings among them have saved their state.
    """
    if "RANK" in os.environ:  # torchrun's processes share every piece, and cannot connect a second time
        from ballast.runtime.distributed import leave_ranks

        done = [work(item) for item in items]
        leave_ranks()
        return done
    gpus = visible_gpus()
    context = get_context("spawn" if gpus else "fork")
    free = list(itertools.islice(itertools.cycle(gpus or [None]), jobs()))
    todo, running, results = list(enumerate(items)), [], {}
    try:
        while todo or running:
            while todo and free:
                number, item = todo.pop(0)
                running.append(started(context, number, work, item, names[number], free.pop(0)))
            ready = wait([worker.result for worker in running])
            for worker in [worker for worker in running if worker.result in ready]:
                running.remove(worker)
                free.append(worker.gpu)
                results[worker.number] = received(worker, names[worker.number])
    finally:
        for worker in running:
            worker.process.terminate()
        for worker in running:
            worker.process.join()
    return [results[number] for number in range(len(items))]


def jobs() -> int:
    """Return how many pieces run at a time: the parameter ``jobs``, or one for each GPU or else for each core."""
    asked = read_params()["jobs"]
    return asked or len(visible_gpus()) or len(os.sched_getaffinity(0))


def visible_gpus() -> list[str]:
    """Return the numbers of the GPUs that this process may use; none where BALLAST_DEVICE names another device."""
    import torch  # here, because stages without a network must start quickly

    if os.environ.get("BALLAST_DEVICE", "cuda") != "cuda" or not torch.cuda.is_available():
        return []
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return named.split(",") if named else [str(number) for number in range(torch.cuda.device_count())]


def started(context, number: int, work: Callable, item: object, name: str, gpu: str | None) -> Worker:
    """Start a process for one piece."""
    result, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, work, item, name, gpu))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # a signal waits until the process can answer it
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    sender.close()
    return Worker(number, process, result, gpu)


def received(worker: Worker, name: str) -> object:
    """Return the result of a process that has ended, or raise what ended it."""
    try:
        succeeded, value = worker.result.recv()
    except EOFError:
        worker.process.join()
        raise BallastError(f"{name}: the process ended with exit code {worker.process.exitcode}; run the command "
                           f"again, with fewer `jobs` where memory ran out") from None
    worker.process.join()
    if not succeeded:
        raise BallastError(f"{name}: {value}")
    return value


def _work(sender: Connection, work: Callable, item: object, name: str, gpu: str | None) -> None:
    """Do one piece in a process of its own and send its result, or the line that explains why there is none."""
    stop_with_parent(signal.SIGTERM)
    stop_when_asked()
    progress.name(name)
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    try:
        outcome = _outcome(work, item)
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    except KeyboardInterrupt as error:  # it came when the work had ended; a second one is ignored
        outcome = False, explained(error)
    sender.send(outcome)


def _outcome(work: Callable, item: object) -> tuple[bool, object]:
    """Return whether the work succeeded, and its result or the line that explains why there is none."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return True, work(item)
    except (KeyboardInterrupt, OSError, BallastError) as error:
        return False, explained(error)
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None
