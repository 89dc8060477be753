"""Selection from pools larger than memory: MAK's scores and choice, COLT's choice; seconds and memory against the size.

    python -m benchmarks.scale [quick]

Every line is measured in a process of its own, whose largest resident memory is reported. Embeddings are float16 files
of random unit vectors, made before; those of the largest pool are never stored: they are computed when they are read,
and the seconds of that are told apart.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.embeddings.clusters import kmeans
from ballast.embeddings.shards import ROWS, load_shards, save_shards
from ballast.selection import mak
from ballast.selection.budget import budgets
from ballast.selection.nearest import nearest_to_centres
from ballast.selection.proximity import distance_to_centres
from ballast.tailness.ecle import ecle
from benchmarks.timing import show

WIDTH = 128
IN_DOMAIN = 12_205
CLUSTERS = 10
PASSES = 10
BLOCK = 512  # images of a block of ECLE


def main(quick: bool) -> None:
    """Print seconds and memory by the size of the pool."""
    sizes, scored, streamed, budget = ((20_000, 100_000), (5_000, 20_000), 200_000, 1_000) if quick else (
        (1_000_000, 5_000_000), (250_000, 1_000_000), 100_000_000, 10_000)
    with tempfile.TemporaryDirectory() as place:
        for size in sizes:
            save_shards(f"{place}/{size}", vectors(size))
        show("Choice from files", [line(size, budget, choice, f"{place}/{size}") for size in sizes
                                   for choice in ("colt", "mak")])
    with tempfile.TemporaryDirectory() as place:
        for size in scored:
            for number in range(PASSES):
                save_shards(f"{place}/{size}/{number}", vectors(size, number))
        show("MAK's scores from files of ten passes", [line(size, 0, "scores", f"{place}/{size}") for size in scored])
    show("Choice from vectors that are computed when they are read", [
        line(streamed, budget, choice, str(streamed)) for choice in ("colt", "mak")])


def line(size: int, budget: int, what: str, source: str) -> dict:
    """Measure in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.scale", what, source, str(budget)], check=True,
                          stdout=subprocess.PIPE)
    return {"pool": f"{size:,}", **({"chosen": budget} if budget else {}), "what": what,
            **json.loads(done.stdout.splitlines()[-1])}


def vectors(size: int, seed: int = 0) -> Iterator[Tensor]:
    """Yield random unit vectors, float16 [at most ROWS, d]."""
    for start in range(0, size, ROWS):
        generator = torch.Generator().manual_seed(seed * size + start)
        yield normalize(torch.randn(min(ROWS, size - start), WIDTH, generator=generator)).half()


class Computed:
    """A matrix whose rows are computed when they are read; how long that took is known."""

    def __init__(self, size: int) -> None:
        self.shape, self.seconds = (size, WIDTH), 0.0

    def __len__(self) -> int:
        return self.shape[0]

    def split(self, _: int) -> Iterator[Tensor]:
        """Yield all rows, block by block."""
        blocks = vectors(len(self))
        while True:
            start = time.perf_counter()
            block = next(blocks, None)
            self.seconds += time.perf_counter() - start
            if block is None:
                return
            yield block

    def __getitem__(self, index: Tensor) -> Tensor:
        """Return some rows, in the order of the index."""
        found, start = torch.empty(len(index), WIDTH, dtype=torch.float16), 0
        for block in self.split(ROWS):
            here = (index >= start) & (index < start + len(block))
            found[here] = block[index[here] - start]
            start += len(block)
        return found


def measure(what: str, source: str, budget: int) -> None:
    """Do one of the things; print seconds and the largest resident memory of this process."""
    pool = Computed(int(source)) if source.isdecimal() else None
    torch.manual_seed(0)
    start = time.perf_counter()
    DO[what](source, pool, budget)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    of_them = {"of which vectors, s": round(pool.seconds, 1)} if pool else {}
    print(json.dumps({"seconds": round(took, 1), **of_them, "peak MiB": round(peak)}))


def colt(source: str, pool: Computed | None, budget: int) -> None:
    """Take the images nearest to the centres, as a round does."""
    held = load_shards(source, limit=1 << 29) if pool is None else pool
    per_cluster = budgets(torch.rand(CLUSTERS), budget, 1.0, "largest")
    index, _, _ = nearest_to_centres(held, torch.randn(CLUSTERS, WIDTH), per_cluster)
    assert len(index.unique()) == budget


def mak_(source: str, pool: Computed | None, budget: int) -> None:
    """Choose by MAK's score, of which tailness is given."""
    held = load_shards(source, limit=0) if pool is None else pool
    in_domain = normalize(torch.randn(IN_DOMAIN, WIDTH))
    distance = distance_to_centres(held, torch.randn(CLUSTERS, WIDTH))
    picked = mak.select(mak.score(torch.rand(len(held)), distance, 0.3), held, in_domain, budget, 1.5)
    assert len(picked.unique()) == budget


def scores(source: str, pool: Computed | None, budget: int) -> None:
    """Compute MAK's tailness and proximity as the stage score_pool does."""
    views = [load_shards(f"{source}/{number}", limit=0) for number in range(PASSES)]
    tailness = ecle(views, 0.2, 1, BLOCK, 0)
    distance = distance_to_centres(views[0], kmeans(normalize(torch.randn(2000, WIDTH)), CLUSTERS)[1])
    assert bool(tailness.isfinite().all() and distance.isfinite().all())


DO: dict[str, Callable[[str, Computed | None, int], None]] = {"colt": colt, "mak": mak_, "scores": scores}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in DO:
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main("quick" in sys.argv)
