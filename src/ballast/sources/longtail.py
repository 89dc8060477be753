"""Long-tailed splits: laws for the class counts, and the lists of images drawn by them (docs/data.md)."""

from pathlib import Path

import numpy as np

from ballast.runtime.errors import BallastError
from ballast.runtime.files import load_array
from ballast.runtime.rng import numpy_generator


def exponential(classes: int, largest: int, ratio: float) -> np.ndarray:
    """Return the counts of CIFAR-LT, int64 [C]: n_r = floor(n_max * (1/ratio)^(r/(C-1))), r = 0..C-1."""
    rank = np.arange(classes) / max(classes - 1, 1)
    # The guard keeps an exact product such as 4500 * 0.01 = 45 from falling to 44 by rounding error.
    return np.floor(largest * (1.0 / ratio) ** rank + 1e-9).astype(np.int64)


def step(classes: int, largest: int, ratio: float) -> np.ndarray:
    """Return counts int64 [C]: the first half of the classes has n_max images, the others floor(n_max / ratio)."""
    small = int(np.floor(largest / ratio + 1e-9))
    return np.where(np.arange(classes) < max(classes // 2, 1), largest, small).astype(np.int64)


def pareto(classes: int, largest: int, ratio: float, power: float = 6.0) -> np.ndarray:
    """Return the counts of ImageNet-LT and Places-LT, int64 [C]: n_r = m + c * (u_r^(-1/power) - 1).

    This is a Pareto excess over a floor: u_r = (r+1)/C, m = n_max / ratio, and c such that n_0 = n_max.
    """
    smallest = largest / ratio
    excess = ((np.arange(classes) + 1) / classes) ** (-1.0 / power) - 1
    scale = (largest - smallest) / max(excess[0], 1e-12)
    counts = np.floor(smallest + scale * excess + 1e-9).astype(np.int64)
    counts[0] = largest
    return counts


LAWS = {"exponential": exponential, "step": step, "pareto": pareto}


def validation_list(labels: np.ndarray, per_class: int, seed: int = 0) -> np.ndarray:
    """Return indices of ``per_class`` images of every class, equal for all splits, that no other list may contain."""
    rng = numpy_generator(seed, "validation")
    lists = [rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in range(labels.max() + 1)]
    return np.concatenate(lists)


PUBLISHED = {"longtail": "split{}_D_i", "balanced": "split{}_D_b", "few": "split{}_S_b", "probe": "trainIdxList",
             "val": "valIdxList"}


def published_lists(folder: Path, prefix: str, split: int, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Read the index lists that the code of SDCLR, COLT and BCL contains for CIFAR.

    Args:
        folder: where the .npy files are.
        prefix: what their names begin with.
        split: the number in their names.
        labels: the labels [N] of the images that the indices point into.

    Returns:
        The lists by the names in PUBLISHED, and ``counts`` [C]: images of every class in the long-tailed list.

    Raises:
        BallastError: a list is missing, or not one for these images.
    """
    lists = {}
    for name, pattern in PUBLISHED.items():
        path = folder / f"{prefix}{pattern.format(split)}.npy"
        if not path.is_file():
            raise BallastError(f"{path}: expected an index list, got no such file; copy it from the papers' code")
        index = lists[name] = load_array(path)
        is_list = index.ndim == 1 and index.dtype.kind == "i" and len(index) > 0
        if not is_list or not 0 <= index.min() <= index.max() < len(labels):
            raise BallastError(f"{path}: expected indices below {len(labels)}, the number of images, got {index.dtype} "
                               f"{list(index.shape)}; copy the list again")
        if len(np.unique(index)) < len(index):
            raise BallastError(f"{path}: expected every image once, got one twice; copy the list again")
    for name in ("longtail", "probe"):
        both = len(np.intersect1d(lists[name], lists["val"]))
        if both:
            raise BallastError(f"{folder}: expected {PUBLISHED[name].format(split)} without images of the validation "
                               f"list, got {both}; copy the lists again")
    return {**lists, "counts": np.bincount(labels[lists["longtail"]], minlength=labels.max() + 1)}


def long_tail_split(
    labels: np.ndarray, available: np.ndarray, counts: np.ndarray, few_shot: float, split: int
) -> dict[str, np.ndarray]:
    """Draw one split: the rank of every class, and the images of a class that are in the lists.

    Args:
        labels: int [N].
        available: indices of the images that may be used, which are all but the validation list.
        counts: images of every class [C] by rank, from head to tail.
        few_shot: the images of a class in the few-shot list, as a fraction of the largest count.
        split: the number of the split.

    Returns:
        Lists of indices, class by class: ``longtail`` (D_i in COLT's code), ``balanced`` (D_b, the same number of
        images) and ``few`` (S_b); and ``counts`` [C] by class. Within a class, ``few`` is a prefix of both other
        lists, and the shorter of these is a prefix of the longer.

    Raises:
        BallastError: a class has too few images.
    """
    classes = len(counts)
    rng = numpy_generator(split, "long tail")
    by_class = np.empty(classes, np.int64)
    by_class[rng.permutation(classes)] = counts
    balanced = int(counts.sum()) // classes
    few = int(few_shot * counts.max() + 1e-9)
    need = max(int(counts.max()), balanced)
    class_members = [rng.permutation(available[labels[available] == c]) for c in range(classes)]
    for c, members in enumerate(class_members):
        if len(members) < need:
            raise BallastError(f"longtail.largest: expected at least {need} images of class {c} outside of the "
                               f"validation list, got {len(members)}; lower longtail.largest")
    return {
        "longtail": np.concatenate([members[:n] for members, n in zip(class_members, by_class)]),
        "balanced": np.concatenate([members[:balanced] for members in class_members]),
        "few": np.concatenate([members[:few] for members in class_members]),
        "counts": by_class,
    }
