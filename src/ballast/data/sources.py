"""Where images come from: a name in ``datasets.<name>.source.kind`` to arrays of images, labels and pool."""

from typing import NamedTuple

import numpy as np

from ballast.data import digits, glyphs


class Labelled(NamedTuple):
    """Images uint8 [N, C, H, W] and labels int64 [N] of the training and of the test part."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    classes: list[str]


def load_labelled(source: dict, seed: int = 0) -> Labelled:
    """The labelled images that ``source`` describes; labels are for the split's law and for evaluation only."""
    if source["kind"] == "digits":
        return Labelled(*digits.labelled(seed, "train"), *digits.labelled(seed, "test"), list(digits.CLASSES))
    train, test = (glyphs.labelled(source[f"{part}_per_class"], source["size"], seed, part)
                   for part in ("train", "test"))
    return Labelled(*train, *test, list(glyphs.CLASSES))


def load_pool(source: dict, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """The pool that ``source`` describes: images uint8 [P, C, H, W] and what each shows (for analysis only)."""
    if source["kind"] == "digits":
        return digits.pool()
    return glyphs.pool(source["pool_near"], source["pool_far"], source["size"], seed)
