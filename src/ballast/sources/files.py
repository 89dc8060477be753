"""Sources of image files: class folders, and the published lists of a data set."""

import numpy as np

from ballast.runtime.errors import BallastError
from ballast.sources.labelled import GIVEN, Labelled
from ballast.sources.listing import Listing, class_names, listing


def load_folders(source: dict) -> Labelled:
    """Load class folders, labelled lists or arrays for training and test; a law of ballast.sources.longtail splits."""
    train, test = (listing(source[part], source.get("root"), labelled=True) for part in ("train", "test"))
    odd = sorted(set(train.classes) ^ set(test.classes))
    if odd:
        raise BallastError(f"{source['train']} and {source['test']}: expected the same classes, got {odd[0]!r} in one "
                           f"of them only; add it to the other, or remove it")
    _require_no_gaps(source["train"], train.labels)
    return Labelled(train, np.array(train.labels), test, np.array(test.labels), train.classes)


def load_lists(source: dict) -> Labelled:
    """Load the published lists of a data set, which may overlap; the training part is every image that one names."""
    given = {name: listing(source[name], source["root"], labelled=True) for name in GIVEN if source.get(name)}
    label = _labels_by_path(source, given)
    _require_no_gaps(source["longtail"], given["longtail"].labels)
    test = listing(source["test"], source["root"], labelled=True)
    last = max(given["longtail"].labels)
    for name, part in {**given, "test": test}.items():
        if max(part.labels) > last:
            raise BallastError(f"{source[name]}: expected labels up to {last}, the largest of {source['longtail']}, "
                               f"got {max(part.labels)}; correct one of the lists")
    row = {path: number for number, path in enumerate(label)}
    rows = {name: np.array([row[path] for path in part.paths()]) for name, part in given.items()}
    _require_disjoint(source, rows, sorted(set(label) & set(test.paths())))
    paths = list(label)
    labels = list(label.values())
    return Labelled(Listing("", paths), np.array(labels), test, np.array(test.labels), class_names(paths, labels), rows)


def _labels_by_path(source: dict, given: dict[str, Listing]) -> dict[str, int]:
    """Return the label of every path, and refuse lists that contradict each other."""
    label: dict[str, int] = {}
    origin: dict[str, str] = {}
    for name, part in given.items():
        for path, number in zip(part.paths(), part.labels):
            if label.setdefault(path, number) != number:
                raise BallastError(f"{source[name]}: expected label {label[path]} of {path}, as in "
                                   f"{source[origin[path]]}, got {number}; correct one of the lists")
            origin.setdefault(path, name)
    return label


def _require_disjoint(source: dict, rows: dict[str, np.ndarray], tested: list[str]) -> None:
    """Refuse validation images that the probe trains on, and test images in any training list."""
    both = len(np.intersect1d(rows["probe"], rows["val"]))
    if both:
        raise BallastError(f"{source['val']}: expected no image of {source['probe']}, got {both}; remove them from one "
                           f"of the lists")
    if tested:
        raise BallastError(f"{source['test']}: expected no image of a training list, got {tested[0]}; remove it from "
                           f"one of the lists")


def _require_no_gaps(name: str, labels: list[int]) -> None:
    absent = sorted(set(range(max(labels) + 1)) - set(labels))
    if absent:
        raise BallastError(f"{name}: expected all labels from 0 to {max(labels)}, got no image with {absent[0]}; "
                           f"number the classes without gaps")
