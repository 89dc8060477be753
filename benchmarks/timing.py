"""How everything here is measured: alternating repeats in one process, medians, the device waited for."""

import statistics
import time
from collections.abc import Callable

import pandas as pd
import torch


def seconds(ways: dict[str, Callable[[], object]], repeats: int = 5, warm: int = 1) -> dict[str, float]:
    """Median seconds of every way, after ``warm`` calls of each; they take turns, so that all meet the same weather."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(warm + repeats):
        for name, way in ways.items():
            wait()
            start = time.perf_counter()
            way()
            wait()
            if turn >= warm:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def wait() -> None:
    """Until the device has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def machine() -> str:
    """Device, threads and versions, for the line above a table."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    return f"{name}; torch {torch.__version__}"


def show(title: str, rows: list[dict]) -> None:
    """A table in Markdown."""
    print(f"\n**{title}** ({machine()})\n\n{pd.DataFrame(rows).to_markdown(index=False)}", flush=True)
