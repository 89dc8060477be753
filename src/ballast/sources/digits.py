"""scikit-learn's 1,797 real 8x8 digits: classes 0 to 5 are labelled, 6 to 9 are the pool."""

import numpy as np

from ballast.runtime.rng import numpy_generator

CLASSES = "012345"
TEST_FRACTION = 0.3


def labelled(seed: int, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``train`` or ``test`` part of the classes: images uint8 [N, 1, 8, 8] and labels int64 [N]."""
    images, labels = _all()
    members = np.flatnonzero(labels < len(CLASSES))
    members = numpy_generator(seed, "digits").permutation(members)
    test = int(len(members) * TEST_FRACTION)
    chosen = members[:test] if part == "test" else members[test:]
    return images[chosen], labels[chosen]


def pool() -> tuple[np.ndarray, list[str]]:
    """Return the other digits uint8 [P, 1, 8, 8], and what each shows (for analysis only)."""
    images, labels = _all()
    others = np.flatnonzero(labels >= len(CLASSES))
    return images[others], [f"digit {label}" for label in labels[others]]


def _all() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits  # here, because scikit-learn takes long to import

    digits = load_digits()
    return np.rint(digits.images * 255 / 16).astype(np.uint8)[:, None], digits.target.astype(np.int64)
