"""`ballast select` as a whole command, by every rule, from files of random vectors: seconds and memory.

    python -m benchmarks.rules [quick | OUT.csv]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.timing import show

IN_DOMAIN = 2_500
LARGE = {"random": (10_000, ""), "hkmeans": (10_000, "clusters=[2000, 200, 20]"), "semdedup": (10_000, "cells=500"),
         "retrieval": (10_000, ""), "facility": (1_000, "")}  # picks and a setting; benchmarks.selection has k-center
OFTEN = ("hkmeans", "semdedup")  # rules with a bound on their time
REPEATS = 3


def main(quick: bool, out: str | None) -> None:
    """Print medians over the runs of every command, and those of half the pool: linear is a growth of 2 at most."""
    images, width, part = (4_000, 32, 25) if quick else (100_000, 512, 1)
    pool, dims, budget = (10_000, 16, 400) if quick else (1_000_000, 128, 10_000)
    lines = []
    with tempfile.TemporaryDirectory() as place:
        for rule, (picks, setting) in list(LARGE.items())[: 1 if quick else None]:
            often = REPEATS if rule in OFTEN and not quick else 1
            words = ["--rule", rule, *(["--set", setting] if setting and not quick else [])]
            lines.append({"rule": rule, "pool": f"{images:,} x {width}", "picks": picks // part,
                          **grown(Path(place), images, width, 0, [*words, "--budget", str(picks // part)], often)})
        words = ["--rule", "mak", "--budget", str(budget)]
        lines.append({"rule": "mak, two passes", "pool": f"{pool:,} x {dims}", "picks": budget,
                      **grown(Path(place), pool, dims, 2, words, 1 if quick else REPEATS)})
    show("ballast select", lines)
    if out:
        pd.DataFrame(lines).to_csv(out, index=False)


def grown(folder: Path, images: int, width: int, passes: int, words: list[str], often: int) -> dict[str, object]:
    """Return what a command takes for a pool, and how its time grows from half of the pool to all of it."""
    half, whole = (measured([*written(folder, rows, width, passes), *words], folder, often)
                   for rows in (images // 2, images))
    return {**whole, "growth": round(whole["s"] / half["s"], 2)}


def written(folder: Path, images: int, width: int, passes: int) -> list[str]:
    """Write random vectors in float32; return the words that name their files."""
    words = []
    for name, rows in [("in-domain", IN_DOMAIN), ("pool", images), *[("views", images)] * passes]:
        path = folder / f"{name}-{len(words)}.npy"
        matrix = np.lib.format.open_memmap(path, "w+", np.float32, (rows, width))
        rng = np.random.default_rng(len(words))
        for start in range(0, rows, 100_000):
            part = matrix[start : start + 100_000]
            part[:] = rng.standard_normal(part.shape, np.float32)
        words += [f"--{name}", str(path)]
    return words


def measured(words: list[str], folder: Path, often: int) -> dict[str, object]:
    """Return the median seconds of a command, and the largest resident memory of its runs."""
    seconds, peak = [], 0
    for _ in range(often):
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "ballast.cli", "select", *words, "--out",
                                    str(folder / "out.parquet")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, words
        seconds.append(time.perf_counter() - start)
        peak = max(peak, usage.ru_maxrss // 1024)
    return {"s": round(statistics.median(seconds), 1), "runs": often, "peak MiB": peak}


if __name__ == "__main__":
    given = sys.argv[1:2]
    main(given == ["quick"], given[0] if given and given != ["quick"] else None)
