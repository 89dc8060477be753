"""The manifest of a pool: every image decoded once, from tar archives and from the same files in a folder.

    python -m benchmarks.manifest [quick]

The archives hold JPEG files of 32 pixels, which take 1.5 GB for a million. Seconds, images per second, and the largest
memory of the process that makes the store; medians over runs that take turns, of the large one the only run.
"""

import io
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.timing import show

SHARD = 10_000  # images of an archive
DISTINCT = 1_000
SIDE = 32
REPEATS = 3
READ = """
import json, resource, sys, time
from ballast.sources.listing import listing
from ballast.sources.reading import read
start = time.perf_counter()
read(sys.argv[2], listing(sys.argv[1], None, labelled=False), {"size": 32, "where": "files"})
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([time.perf_counter() - start, peak / 1024]))
"""


def main(quick: bool) -> None:
    """Print both tables."""
    few, many = (2_000, 4_000) if quick else (20_000, 1_000_000)
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), many, folder=few)
        ways = {"files in a folder": "folder", "tar archives": "few-*.tar"}
        runs: dict[str, list[list[float]]] = {name: [] for name in ways}
        for _ in range(1 if quick else REPEATS):
            for name, part in ways.items():
                runs[name].append(measured(f"{place}/{part}", f"{place}/store"))
        show("Manifest, from files and from archives", [line(name, few, *map(statistics.median, zip(*found)))
                                                        for name, found in runs.items()])
        show("Manifest of a large pool", [line("tar archives", many, *measured(f"{place}/many-*.tar", f"{place}/s"))])


def line(name: str, images: int, seconds: float, peak: float) -> dict:
    """Return a line of a table."""
    return {"from": name, "images": f"{images:,}", "seconds": round(seconds, 1), "images/s": round(images / seconds),
            "peak MiB": round(peak)}


def measured(part: str, store: str) -> list[float]:
    """Return seconds and peak memory in MiB of a process that reads a pool."""
    done = subprocess.run([sys.executable, "-c", READ, part, store], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def write(place: Path, many: int, folder: int) -> None:
    """Write a folder of files, archives of the same images, and archives of many."""
    images = [jpeg(number) for number in range(DISTINCT)]
    (place / "folder").mkdir()
    for number in range(folder):
        (place / f"folder/{number:07}.jpg").write_bytes(images[number % DISTINCT])
    for name, count in (("few", folder), ("many", many)):
        for start in range(0, count, SHARD):
            with tarfile.open(place / f"{name}-{start // SHARD:04}.tar", "w") as archive:
                for number in range(start, min(start + SHARD, count)):
                    entry = tarfile.TarInfo(f"{number:07}.jpg")
                    entry.size = len(images[number % DISTINCT])
                    archive.addfile(entry, io.BytesIO(images[number % DISTINCT]))


def jpeg(number: int) -> bytes:
    """Return a picture that is not like the others."""
    coarse = np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


if __name__ == "__main__":
    main("quick" in sys.argv[1:])
