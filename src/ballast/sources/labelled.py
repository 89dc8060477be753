"""Where images come from: what ``datasets.<name>.source`` describes, as arrays or as listings of files."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ballast.runtime.errors import require
from ballast.runtime.files import resolve_path
from ballast.runtime.rng import numpy_generator
from ballast.sources import cifar, digits, glyphs
from ballast.sources.listing import Listing, class_names, listing

UNKNOWN = -1  # the label of an image that has none
GIVEN = ("longtail", "balanced", "few", "probe", "val")  # lists of the training part that a source may bring along

Images = np.ndarray | Listing  # uint8 [N, C, S, S], or files


class Labelled(NamedTuple):
    """Images and labels of the training and of the test part, and class names.

    lists: positions in the training part by the names in GIVEN, where the source brings its own split.
    """

    train: Images
    train_labels: np.ndarray
    test: Images
    test_labels: np.ndarray
    classes: list[str]
    lists: dict[str, np.ndarray] | None = None


def load_labelled(source: dict, seed: int = 0) -> Labelled:
    """The images that ``source`` describes; labels are for the split's law and for evaluation only."""
    kind = source["kind"]
    if kind == "glyphs":
        train, test = (glyphs.labelled(source[f"{part}_per_class"], source["size"], seed, part)
                       for part in ("train", "test"))
        return Labelled(*train, *test, list(glyphs.CLASSES))
    if kind == "digits":
        return Labelled(*digits.labelled(seed, "train"), *digits.labelled(seed, "test"), list(digits.CLASSES))
    if kind in cifar.KINDS:
        return Labelled(*cifar.labelled(kind, resolve_path(source["root"])))
    require(resolve_path(source["pool"]).exists(), f"{source['pool']}: no such pool")  # before the others are read
    return {"folder": _folders, "lists": _lists, "own": _own}[kind](source)


def load_pool(source: dict, seed: int = 0) -> tuple[Images, list[str]]:
    """The pool that ``source`` describes, and what each image shows, for people."""
    if source["kind"] == "glyphs":
        return glyphs.pool(source["pool_near"], source["pool_far"], source["size"], seed)
    if source["kind"] == "digits":
        return digits.pool()
    if source["kind"] in cifar.KINDS:
        images = cifar.pool(resolve_path(source["pool"]))
        return images, [Path(source["pool"]).stem] * len(images)
    files = listing(source["pool"], source.get("pool_root"), labelled=False)
    return files, [Path(file).parent.name for file in files.files]


def overlap(shows: list[str], classes: list[str]) -> pd.Series:
    """How many pool images lie in a folder that has the name of a class, by class; an OOD pool would have none."""
    counts = pd.Series(shows, dtype=object).value_counts()
    return counts.reindex([name for name in classes if name in counts.index]).rename("images")


def _folders(source: dict) -> Labelled:
    """Class folders, labelled lists or arrays for training and test; the split's law draws the lists."""
    train, test = (listing(source[part], source.get("root"), labelled=True) for part in ("train", "test"))
    odd = sorted(set(train.classes) ^ set(test.classes))
    require(not odd, f"{source['train']} and {source['test']}: class {''.join(odd[:1])!r} is in one of them only")
    _no_gaps(source["train"], train.labels)
    return Labelled(train, np.array(train.labels), test, np.array(test.labels), train.classes)


def _lists(source: dict) -> Labelled:
    """The published lists of a data set, which overlap: the training part is what any of them names."""
    given = {name: listing(source[name], source["root"], labelled=True) for name in GIVEN if source.get(name)}
    label, where = {}, {}
    for name, own in given.items():
        for path, number in zip(own.paths(), own.labels):
            require(label.setdefault(path, number) == number,
                    f"{source[name]}: {path} has label {number}, but {label[path]} in {source[where.get(path, name)]}")
            where.setdefault(path, name)
    _no_gaps(source["longtail"], given["longtail"].labels)
    classes = max(given["longtail"].labels) + 1
    test = listing(source["test"], source["root"], labelled=True)
    for name, own in {**given, "test": test}.items():
        most = max(own.labels)
        require(most < classes, f"{source[name]}: label {most}, but those of {source['longtail']} end at {classes - 1}")
    row = {path: number for number, path in enumerate(label)}
    lists = {name: np.array([row[path] for path in own.paths()]) for name, own in given.items()}
    again = np.intersect1d(lists["probe"], lists["val"])
    require(not len(again), f"{source['val']}: {len(again)} of its images are in {source['probe']} too")
    both = set(label) & set(test.paths())
    require(not both, f"{source['test']}: {min(both, default='')} is in a training list too")
    labels = np.array(list(label.values()))
    return Labelled(Listing("", list(label)), labels, test, np.array(test.labels),
                    class_names(list(label), labels.tolist()), lists)


def _own(source: dict) -> Labelled:
    """Seed images as they are; a folder of labelled images for evaluation, where there is one, is divided here."""
    seed = listing(source["seed"], None, labelled=False)
    if source.get("evaluation") is None:
        nothing = np.zeros(0, np.int64)
        return Labelled(seed, np.full(len(seed.files), UNKNOWN), Listing("", []), nothing, [],
                        {"longtail": np.arange(len(seed.files))})
    known = listing(source["evaluation"], None, labelled=True)
    same = set.intersection(*({resolve_path(path).resolve() for path in part.paths()} for part in (seed, known)))
    require(not same, f"{source['evaluation']}: {min(same, default='')} is a seed image too; what is trained on cannot "
                      f"be tested on")
    labels, parts = np.array(known.labels), divide(np.array(known.labels), source["evaluation"])
    paths, train = np.array(known.paths()), np.concatenate([parts["probe"], parts["val"]])
    first = len(seed.files)
    lists = {"longtail": np.arange(first), "probe": first + np.arange(len(parts["probe"])),
             "val": first + len(parts["probe"]) + np.arange(len(parts["val"])), "few": first + parts["few"]}
    every = [*seed.paths(), *paths[train]]
    return Labelled(Listing("", every), np.concatenate([_labels_of(seed, known.classes), labels[train]]),
                    Listing("", paths[parts["test"]].tolist()), labels[parts["test"]], known.classes, lists)


def divide(labels: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Labelled images of one folder: half of every class for the test, a tenth for validation, the rest for the probe.

    Returns positions; ``few``, a tenth of the probe's images of a class but at least one, counts in the probe list.
    """
    parts: dict[str, list[np.ndarray]] = {"test": [], "val": [], "probe": []}
    few, start = [], 0
    for label in range(labels.max() + 1):
        own = numpy_generator(0, "evaluation", label).permutation(np.flatnonzero(labels == label))
        require(len(own) >= 4, f"{name}: its class {label} has {len(own)} images; 4 are the least that can be divided")
        test, val = len(own) // 2, max(1, len(own) // 10)
        for part, rows in zip(parts, np.split(own, [test, test + val])):
            parts[part].append(rows)
        left = len(own) - test - val
        few.append(start + np.arange(max(1, left // 10)))
        start += left
    return {**{part: np.concatenate(rows) for part, rows in parts.items()}, "few": np.concatenate(few)}


def _labels_of(seed: Listing, classes: list[str]) -> np.ndarray:
    """Labels of seed images that all lie in folders named as the classes are; they only form the groups of classes."""
    label = {name: number for number, name in enumerate(classes)}
    found = np.array([label.get(Path(file).parts[0], UNKNOWN) for file in seed.files])
    return found if (found != UNKNOWN).all() else np.full(len(found), UNKNOWN)


def _no_gaps(name: str, labels: list[int]) -> None:
    absent = sorted(set(range(max(labels) + 1)) - set(labels))
    require(not absent, f"{name}: labels run from 0 to {max(labels)}, but none is {absent[0] if absent else ''}")

