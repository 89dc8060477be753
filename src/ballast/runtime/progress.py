"""Progress of long work: a bar with rate and remaining time in a terminal, plain lines elsewhere."""

import os
import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0
LINE = "{desc}: {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}]"


def track(items: Iterable, what: str, total: int | None = None, initial: int = 0, unit: str = "it") -> Iterator:
    """Yield the items and show how far the work is, on standard error."""
    if os.environ.get("RANK", "0") != "0":  # of several ranks, the first one shows
        yield from items
        return
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what, total=total, initial=initial, unit=unit, dynamic_ncols=True)
        return
    total = total if total is not None else (len(items) if hasattr(items, "__len__") else None)
    start = shown = time.monotonic()
    done, said = initial, None
    for done, item in enumerate(items, initial + 1):
        yield item
        if time.monotonic() - shown >= SECONDS_BETWEEN_LINES:
            shown, said = time.monotonic(), done
            _line(what, done, total, shown - start, initial, unit)
    if said != done:
        _line(what, done, total, time.monotonic() - start, initial, unit)


def _line(what: str, done: int, total: int | None, elapsed: float, initial: int, unit: str) -> None:
    meter = tqdm.format_meter(done, total, elapsed, prefix=what, unit=unit, initial=initial, bar_format=LINE)
    print(meter, file=sys.stderr, flush=True)
