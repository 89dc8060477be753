"""The images that ``datasets.<name>.source`` describes.

Each kind of source is a module, which is imported when it is needed, so that a stage starts quickly.
"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path
from ballast.sources.labelled import Images, Labelled
from ballast.sources.listing import listing

if TYPE_CHECKING:
    import pandas as pd

CIFAR = ("cifar10", "cifar100")


def load_labelled(source: dict, seed: int = 0) -> Labelled:
    """Load the labelled images of a source. Labels serve only to draw the split and to evaluate."""
    kind = source["kind"]
    if kind == "glyphs":
        from ballast.sources import glyphs

        train, test = (glyphs.labelled(source[f"{part}_per_class"], source["size"], seed, part)
                       for part in ("train", "test"))
        return Labelled(*train, *test, list(glyphs.CLASSES))
    if kind == "digits":
        from ballast.sources import digits

        return Labelled(*digits.labelled(seed, "train"), *digits.labelled(seed, "test"), list(digits.CLASSES))
    if kind in CIFAR:
        from ballast.sources import cifar

        return Labelled(*cifar.labelled(kind, resolve_path(source["root"])))
    if not resolve_path(source["pool"]).exists():  # reading the labelled images may take hours
        raise BallastError(f"{source['pool']}: no such pool")
    from ballast.sources import files, own

    return {"folder": files.folders, "lists": files.lists, "own": own.own}[kind](source)


def load_pool(source: dict, seed: int = 0) -> tuple[Images, list[str]]:
    """Load the pool of a source, and what each image shows (for analysis only)."""
    kind = source["kind"]
    if kind == "glyphs":
        from ballast.sources import glyphs

        return glyphs.pool(source["pool_near"], source["pool_far"], source["size"], seed)
    if kind == "digits":
        from ballast.sources import digits

        return digits.pool()
    if kind in CIFAR:
        from ballast.sources import cifar

        images = cifar.pool(resolve_path(source["pool"]))
        return images, [Path(source["pool"]).stem] * len(images)
    pool = listing(source["pool"], source.get("pool_root"), labelled=False)
    return pool, [Path(file).parent.name for file in pool.files]


def overlap(shows: list[str], classes: list[str]) -> "pd.Series":
    """Count by class the pool images in folders named as a class; an out-of-distribution pool should have none."""
    import pandas as pd

    counts = Counter(shows)
    return pd.Series({name: counts[name] for name in classes if name in counts}, dtype="int64", name="images")
