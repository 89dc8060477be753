"""Where images come from: a name in ``datasets.<name>.source.kind`` to arrays of images, labels and pool."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ballast.data import cifar, digits, folders, glyphs
from ballast.errors import require


class Labelled(NamedTuple):
    """Images uint8 [N, C, H, W] and labels int64 [N] of the training and of the test part."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    classes: list[str]


def load_labelled(source: dict, seed: int = 0) -> Labelled:
    """The labelled images that ``source`` describes; labels are for the split's law and for evaluation only."""
    kind = source["kind"]
    if kind == "glyphs":
        train, test = (glyphs.labelled(source[f"{part}_per_class"], source["size"], seed, part)
                       for part in ("train", "test"))
        return Labelled(*train, *test, list(glyphs.CLASSES))
    if kind == "digits":
        return Labelled(*digits.labelled(seed, "train"), *digits.labelled(seed, "test"), list(digits.CLASSES))
    if kind == "folder":
        train, labels, classes = folders.labelled(source["train"], source["size"], source.get("root"))
        test, test_labels, test_classes = folders.labelled(source["test"], source["size"], source.get("root"))
        odd = sorted(set(classes) ^ set(test_classes))
        require(not odd, f"{source['train']} and {source['test']}: class {''.join(odd[:1])!r} is in one of them only")
        return Labelled(train, labels, test, test_labels, classes)
    return Labelled(*cifar.labelled(kind, folders.here(source["root"])))


def load_pool(source: dict, seed: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
    """The pool that ``source`` describes: images uint8 [P, C, H, W], and a manifest with a row per file or image.

    Columns: path and bytes (of files), shows (what is on it, for people), status (ok, or why it is left out); the rows
    that are ok are the images, in order.
    """
    kind = source["kind"]
    if kind == "folder":
        return folders.pool(source["pool"], source["size"], source.get("pool_root"))
    if kind == "glyphs":
        images, shows = glyphs.pool(source["pool_near"], source["pool_far"], source["size"], seed)
    elif kind == "digits":
        images, shows = digits.pool()
    else:
        images = cifar.pool(folders.here(source["pool"]))
        shows = [Path(source["pool"]).stem] * len(images)
    return images, pd.DataFrame({"path": "", "bytes": images[0].nbytes, "shows": shows, "status": "ok"})
