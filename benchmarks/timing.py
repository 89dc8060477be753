"""Timing of the benchmarks: alternating repeats in one process, medians, and a wait for the device."""

import statistics
import time
from collections.abc import Callable

import pandas as pd
import torch


def seconds(ways: dict[str, Callable[[], object]], repeats: int = 5, warm: int = 1) -> dict[str, float]:
    """Return the median seconds of every way, after ``warm`` calls of each.

    The ways take turns, so that a change of the machine's speed meets all of them.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(warm + repeats):
        for name, way in ways.items():
            wait()
            start = time.perf_counter()
            way()
            wait()
            if turn >= warm:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def wait() -> None:
    """Wait until the device has finished its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def machine() -> str:
    """Return device, threads and version of torch, for the line above a table."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    return f"{name}; torch {torch.__version__}"


def show(title: str, rows: list[dict]) -> None:
    """Print a table in Markdown."""
    print(f"\n**{title}** ({machine()})\n\n{pd.DataFrame(rows).to_markdown(index=False)}", flush=True)
