"""Progress of long work: a bar in a terminal, plain lines elsewhere, both with rate and remaining time."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator

from tqdm import tqdm

from ballast.runtime.ranks import rank

SECONDS_BETWEEN_LINES = 10.0
LINE = "{desc}: {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}]"

_names: list[str] = []  # of this process, where several work side by side


def name(process: str) -> None:
    """Give this process a name that begins its lines: several of them write to one terminal, where bars would mix."""
    _names[:] = [process]


def track(items: Iterable, what: str, total: int | None = None, initial: int = 0, unit: str = "it",
          note: Callable[[], str] = str) -> Iterator:
    """Yield the items and report on standard error how much of the work is done.

    Args:
        items: what to pass on.
        what: the name of the work.
        total: the number of items when the work is done; their length where it has one.
        initial: the number of items that are done already.
        unit: what an item is called.
        note: what more there is to say.
    """
    if rank() > 0:  # rank 0 reports for all
        yield from items
        return
    what = " ".join([*_names, what])
    if sys.stderr.isatty() and not _names:
        bar = tqdm(items, desc=what, total=total, initial=initial, unit=unit, dynamic_ncols=True)
        for item in bar:
            yield item
            bar.set_postfix_str(note(), refresh=False)
        return
    total = total if total is not None else (len(items) if hasattr(items, "__len__") else None)
    start = shown = time.monotonic()
    done = initial
    reported = None
    for done, item in enumerate(items, initial + 1):
        yield item
        if time.monotonic() - shown >= SECONDS_BETWEEN_LINES:
            shown = time.monotonic()
            reported = done
            _line(what, done, total, shown - start, initial, unit, note())
    if reported != done:
        _line(what, done, total, time.monotonic() - start, initial, unit, note())


def _line(what: str, done: int, total: int | None, elapsed: float, initial: int, unit: str, said: str
          ) -> None:
    meter = tqdm.format_meter(done, total, elapsed, prefix=what, unit=unit, initial=initial, bar_format=LINE)
    print(f"{meter}, {said}" if said else meter, file=sys.stderr, flush=True)
