"""Two random crops of every JPEG file: Ballast's threads beside torchvision's ImageFolder in a DataLoader.

    python -m benchmarks.decoding [WORKERS]

Both decode every file in every epoch. ``memory`` instead crops, in floats, images that were decoded once, which is how
small images are kept. The numbers are images per second on the CPU, the median of alternating repeats. On a GPU, the
GPU does the work of ``memory``.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from ballast.augment.draws import contrastive
from ballast.config.profile import Augment
from ballast.images import ondisk
from ballast.images.store import load_store
from ballast.runtime.philox import Stream
from ballast.sources.listing import folder
from ballast.sources.reading import read
from benchmarks.timing import show

CASES = [(10_000, 64, 32), (1_000, 500, 224), (1_000, 500, 64)]  # files, their side, side of the crops
CACHED = 2  # times the crop: the short side that is kept in memory
BATCH = 256
REPEATS = 3
AUGMENT = Augment(crop=[0.1, 1.0], flip=0.5, jitter=[0.0] * 4, jitter_p=0.0, gray=0.0, blur=0.0, blur_sigma=[0.1, 2.0])


def main(workers: int) -> None:
    """Print images per second."""
    ondisk.workers = lambda: workers
    rows = []
    for files, side, size in CASES:
        with tempfile.TemporaryDirectory() as place:
            write(Path(place, "files/all"), files, side)
            ways = {where: partial(by_ballast, place, size, where) for where in ("files", "memory")}
            ways["ImageFolder"] = partial(by_torchvision, place, size, workers)
            times: dict[str, list] = {name: [] for name in ways}
            for _ in range(REPEATS):
                for name, way in ways.items():
                    times[name].append(seconds(way()))
        rate = {name: files / statistics.median(values) for name, values in times.items()}
        ratio = {f"{name}, ratio": round(rate[name] / rate["ImageFolder"], 2) for name in ("files", "memory")}
        rows.append({"images": files, "side": side, "crop": size, **{way: round(n) for way, n in rate.items()},
                     **ratio})
    show(f"Decoding with {workers} workers, images/s", rows)


def write(place: Path, files: int, side: int) -> None:
    """Write JPEG files cut from scikit-learn's photographs, no two alike."""
    rng = np.random.default_rng(0)
    photographs = load_sample_images().images
    place.mkdir(parents=True)
    for number in range(files):
        photograph = photographs[number % len(photographs)]
        window = min(427, int(side * rng.uniform(1, 3)))
        top, left = (rng.integers(0, edge - window + 1) for edge in photograph.shape[:2])
        image = Image.fromarray(photograph[top : top + window, left : left + window])
        image.resize((side, int(side * 0.75) if side > 100 else side)).save(place / f"{number:05}.jpg", quality=90)


def by_ballast(place: str, size: int, where: str) -> Iterator[torch.Tensor]:
    """Yield the crops of all files by our store, after an empty tensor when the store is ready."""
    source = {"size": size, "where": where, "short": min(256, CACHED * size)}
    read(f"{place}/{where}", folder(f"{place}/files", labelled=False), source)
    images = load_store(f"{place}/{where}")
    draws = contrastive(torch.arange(len(images)), range(2), images.height, images.width, AUGMENT, Stream(0, "bench"))
    order = torch.randperm(len(images)).split(BATCH)
    requests = ((index.repeat(2), draws.rows(index)) for index in order)
    yield torch.zeros(0)  # what comes before happens only once
    if where == "memory":
        yield from images.stream(requests)
    else:
        yield from (pixels for pixels, _ in images.decoded(requests))


def by_torchvision(place: str, size: int, workers: int) -> Iterator[torch.Tensor]:
    """Yield the crops of all files by torchvision, after an empty tensor when the loader is ready."""
    crop = v2.Compose([v2.RandomResizedCrop(size, (0.1, 1.0), interpolation=v2.InterpolationMode.BICUBIC),
                       v2.PILToTensor()])
    data = ImageFolder(f"{place}/files", lambda image: (crop(image), crop(image)))
    loader = DataLoader(data, BATCH, shuffle=True, num_workers=workers)
    yield torch.zeros(0)
    for views, _ in loader:
        yield torch.cat(views)


def seconds(batches: Iterator[torch.Tensor]) -> float:
    """Return the seconds from the second item on; the first one only marks the end of the preparation."""
    next(batches)
    start = time.perf_counter()
    for _ in batches:
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ondisk.workers())
