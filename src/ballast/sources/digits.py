"""scikit-learn's 1,797 real 8x8 digits as a second embedded source: classes 0-5 labelled, 6-9 as the pool."""

import numpy as np
from sklearn.datasets import load_digits

from ballast.runtime.rng import numpy_generator

CLASSES = "012345"
TEST_SHARE = 0.3


def labelled(seed: int, part: str) -> tuple[np.ndarray, np.ndarray]:
    """The ``train`` or ``test`` part of the classes. Returns uint8 [N, 1, 8, 8] and int64 [N]."""
    images, labels = _all()
    own = np.flatnonzero(labels < len(CLASSES))
    own = numpy_generator(seed, "digits").permutation(own)
    test = int(len(own) * TEST_SHARE)
    chosen = own[:test] if part == "test" else own[test:]
    return images[chosen], labels[chosen]


def pool() -> tuple[np.ndarray, list[str]]:
    """The other digits, uint8 [P, 1, 8, 8], and what each shows (for analysis only)."""
    images, labels = _all()
    others = np.flatnonzero(labels >= len(CLASSES))
    return images[others], [f"digit {label}" for label in labels[others]]


def _all() -> tuple[np.ndarray, np.ndarray]:
    digits = load_digits()
    return np.rint(digits.images * 255 / 16).astype(np.uint8)[:, None], digits.target.astype(np.int64)
