"""Labelled images and pool of the block ``source`` of a file of configs/datasets."""

from collections import Counter
from pathlib import Path

import pandas as pd

from ballast.images.address import Address
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path
from ballast.sources import cifar, digits, files, glyphs, own
from ballast.sources.archives import shards
from ballast.sources.labelled import Images, Labelled
from ballast.sources.listing import listing

FILES = {"folder": files.load_folders, "lists": files.load_lists, "own": own.load_own}


def load_labelled(source: dict, seed: int = 0) -> Labelled:
    """Load the labelled images of a source. Labels serve only to draw the split and to evaluate."""
    kind = source["kind"]
    if kind == "glyphs":
        train, test = (glyphs.labelled(source[f"{part}_per_class"], source["size"], seed, part)
                       for part in ("train", "test"))
        return Labelled(*train, *test, list(glyphs.CLASSES))
    if kind == "digits":
        return Labelled(*digits.labelled(seed, "train"), *digits.labelled(seed, "test"), list(digits.CLASSES))
    if kind in cifar.KINDS:
        return Labelled(*cifar.labelled(kind, resolve_path(source["root"])))
    if not shards(source["pool"]) and not resolve_path(source["pool"]).exists():  # first: labelled ones may take hours
        raise BallastError(f"{source['pool']}: expected the pool, got no such file or folder; check the path")
    return FILES[kind](source)


def load_pool(source: dict, seed: int = 0) -> tuple[Images, list[str]]:
    """Load the pool of a source, and what each image shows (for analysis only)."""
    kind = source["kind"]
    if kind == "glyphs":
        return glyphs.pool(source["pool_near"], source["pool_far"], source["size"], seed)
    if kind == "digits":
        return digits.pool()
    if kind in cifar.KINDS:
        images = cifar.pool(resolve_path(source["pool"]))
        return images, [Path(source["pool"]).stem] * len(images)
    pool = listing(source["pool"], source.get("pool_root"), labelled=False)
    return pool, [_folder_of(Address.parse(file)) for file in pool.files]


def _folder_of(address: Address) -> str:
    """Return the name of the folder that an image lies in, also within an archive, or of the archive."""
    return Path(address.name or address.file).parent.name or Path(address.file).stem


def overlap(shows: list[str], classes: list[str]) -> pd.Series:
    """Count by class the pool images in folders named as a class; an out-of-distribution pool should have none."""
    counts = Counter(shows)
    return pd.Series({name: counts[name] for name in classes if name in counts}, dtype="int64", name="images")
