"""Long-tailed splits: laws for the class counts and the lists drawn by them (methods.md 4.1)."""

from pathlib import Path

import numpy as np

from ballast.runtime.errors import require
from ballast.runtime.files import load_array
from ballast.runtime.rng import numpy_generator


def exponential(classes: int, largest: int, ratio: float) -> np.ndarray:
    """n_r = floor(n_max * (1/ratio)^(r/(C-1))), r = 0..C-1, the law of CIFAR-LT. Returns int64 [classes]."""
    rank = np.arange(classes) / max(classes - 1, 1)
    # The guard keeps an exact product such as 4500 * 0.01 = 45 from falling to 44 by rounding error.
    return np.floor(largest * (1.0 / ratio) ** rank + 1e-9).astype(np.int64)


def step(classes: int, largest: int, ratio: float) -> np.ndarray:
    """The first half of the classes has n_max images, the others floor(n_max / ratio). Returns int64 [classes]."""
    small = int(np.floor(largest / ratio + 1e-9))
    return np.where(np.arange(classes) < max(classes // 2, 1), largest, small).astype(np.int64)


def pareto(classes: int, largest: int, ratio: float, power: float = 6.0) -> np.ndarray:
    """Pareto excess over a floor, the law of ImageNet-LT and Places-LT: n_r = m + c * (u_r^(-1/power) - 1).

    u_r = (r+1)/C, m = n_max / ratio, and c such that n_0 = n_max. Returns int64 [classes].
    """
    smallest = largest / ratio
    excess = ((np.arange(classes) + 1) / classes) ** (-1.0 / power) - 1
    scale = (largest - smallest) / max(excess[0], 1e-12)
    counts = np.floor(smallest + scale * excess + 1e-9).astype(np.int64)
    counts[0] = largest
    return counts


LAWS = {"exponential": exponential, "step": step, "pareto": pareto}


def validation_list(labels: np.ndarray, per_class: int, seed: int = 0) -> np.ndarray:
    """Indices of ``per_class`` images of every class, the same for every split, that nothing else may use."""
    rng = numpy_generator(seed, "validation")
    lists = [rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in range(labels.max() + 1)]
    return np.concatenate(lists)


PUBLISHED = {"longtail": "split{}_D_i", "balanced": "split{}_D_b", "few": "split{}_S_b", "probe": "trainIdxList",
             "val": "valIdxList"}


def published_lists(folder: Path, prefix: str, split: int, labels: np.ndarray) -> dict[str, np.ndarray]:
    """The index lists that SDCLR, COLT and BCL ship for CIFAR, and ``counts`` [C] of the long-tailed one by class.

    labels [N]: of all images that the indices point into, which tells a list for other data from one for these.
    """
    lists = {}
    for name, pattern in PUBLISHED.items():
        path = folder / f"{prefix}{pattern.format(split)}.npy"
        require(path.is_file(), f"{path}: missing; the index lists come with the papers' code")
        index = lists[name] = load_array(path)
        fits = index.ndim == 1 and index.dtype.kind == "i" and len(index) > 0
        require(fits and 0 <= index.min() <= index.max() < len(labels),
                f"{path}: wants indices of {len(labels)} images, has {index.dtype} {list(index.shape)}")
        require(len(np.unique(index)) == len(index), f"{path}: lists an image twice")
    for name in ("longtail", "probe"):
        both = len(np.intersect1d(lists[name], lists["val"]))
        require(not both, f"{folder}: {both} images of {PUBLISHED[name]} are in the validation list too")
    return {**lists, "counts": np.bincount(labels[lists["longtail"]], minlength=labels.max() + 1)}


def long_tail_split(
    labels: np.ndarray, available: np.ndarray, counts: np.ndarray, few_shot: float, split: int
) -> dict[str, np.ndarray]:
    """Draw one split: which class has which rank, and which images of a class are in the lists.

    labels [N] int, available: indices that may be used (all but the validation list), counts [C] by rank from
    head to tail, few_shot: labelled share of n_max per class. Returns class-major index lists
    ``longtail`` (D_i), ``balanced`` (D_b, the same number of images), ``few`` (S_b), and ``counts`` [C] by class.
    Of one class, ``few`` is a prefix of both others, and the shorter of these is a prefix of the longer.
    """
    classes = len(counts)
    rng = numpy_generator(split, "long tail")
    by_class = np.empty(classes, np.int64)
    by_class[rng.permutation(classes)] = counts
    balanced, few = int(counts.sum()) // classes, int(few_shot * counts.max() + 1e-9)
    need = max(int(counts.max()), balanced)
    own = [rng.permutation(available[labels[available] == c]) for c in range(classes)]
    for c, members in enumerate(own):
        require(len(members) >= need, f"longtail.largest: class {c} has {len(members)} images beside the validation "
                                      f"list, and the split needs {need}")
    return {
        "longtail": np.concatenate([members[:n] for members, n in zip(own, by_class)]),
        "balanced": np.concatenate([members[:balanced] for members in own]),
        "few": np.concatenate([members[:few] for members in own]),
        "counts": by_class,
    }
