"""Selection of ten thousand images from millions by MAK's score and by COLT's budgets, from float16 shards on disk.

    python -m benchmarks.scale [quick]

Every size runs in a process of its own, whose largest resident memory is reported. The shards are made before.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import normalize

from ballast.embeddings.shards import ROWS, Shards
from ballast.selection import mak
from ballast.selection.budget import budgets
from ballast.selection.nearest import nearest_to_centres
from ballast.selection.proximity import distance_to_centres
from benchmarks.timing import show

WIDTH = 128
IN_DOMAIN = 12_205
CLUSTERS = 10


def main(quick: bool) -> None:
    """Print seconds and memory for two sizes of the pool."""
    sizes, budget = ((20_000, 100_000), 1_000) if quick else ((1_000_000, 5_000_000), 10_000)
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as place:
            write(Path(place), size)
            done = subprocess.run([sys.executable, "-m", "benchmarks.scale", "choose", place, str(budget)], check=True,
                                  stdout=subprocess.PIPE)
        rows.append({"pool": size, "selected": budget, **json.loads(done.stdout.splitlines()[-1])})
    show("Selection from shards", rows)
    growth = {name: round(rows[1][name] / rows[0][name], 2) for name in rows[0] if name.endswith(", s")}
    print(f"\n{sizes[1] / sizes[0]:g} times the pool takes {growth} times as long")


def write(place: Path, size: int) -> None:
    """Write shards of random unit vectors."""
    rng = np.random.default_rng(size)
    for number, start in enumerate(range(0, size, ROWS)):
        rows = rng.standard_normal((min(ROWS, size - start), WIDTH), np.float32)
        np.save(place / f"{number:04}.npy", (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16))


def choose(place: str, budget: int) -> None:
    """Make both selections; print seconds and the largest resident memory of this process."""
    pool = Shards(sorted(Path(place).glob("*.npy")))
    generator = torch.Generator().manual_seed(0)
    in_domain, centres = (normalize(torch.randn(rows, WIDTH, generator=generator)) for rows in (IN_DOMAIN, CLUSTERS))
    ecle = torch.rand(len(pool), generator=generator)
    start = time.perf_counter()
    picked = mak.select(mak.score(ecle, distance_to_centres(pool, centres), 0.3), pool, in_domain, budget, 1.5)
    middle = time.perf_counter()
    per_cluster = budgets(torch.rand(CLUSTERS, generator=generator), budget, 1.0, "largest")
    index, _, _ = nearest_to_centres(pool, centres, per_cluster)
    end = time.perf_counter()
    assert len(picked.unique()) == len(index.unique()) == budget
    print(json.dumps({"MAK, s": round(middle - start, 2), "COLT, s": round(end - middle, 2), "peak MiB": round(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["choose"]:
        choose(sys.argv[2], int(sys.argv[3]))
    else:
        main("quick" in sys.argv)
