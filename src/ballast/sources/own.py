"""A user's own source: in-domain images without labels and, for evaluation, optional labelled images."""

from pathlib import Path

import numpy as np

from ballast.runtime.errors import BallastError
from ballast.runtime.names import image_path
from ballast.runtime.rng import numpy_generator
from ballast.sources.labelled import UNKNOWN, Labelled
from ballast.sources.listing import Listing, listing


def load_own(source: dict) -> Labelled:
    """Load the in-domain images as they are, and divide the evaluation images, where there are some.

    Labelled test images of their own are tested on as they are.
    """
    root = source.get("root")
    in_domain = listing(source["in_domain"], root, labelled=False)
    count = len(in_domain.files)
    longtail = np.arange(count)
    if source.get("evaluation") is None:
        return Labelled(in_domain, np.full(count, UNKNOWN), Listing("", []), np.zeros(0, np.int64), [],
                        {"longtail": longtail})
    evaluation = listing(source["evaluation"], root, labelled=True)
    test = None if source.get("test") is None else listing(source["test"], root, labelled=True)
    _require_disjoint(source["evaluation"], in_domain, evaluation, "an in-domain image")
    if test:
        _require_disjoint(source["test"], in_domain, test, "an in-domain image")
        _require_disjoint(source["test"], evaluation, test, f"an image of {source['evaluation']}")
    paths, labels = np.array(evaluation.paths(), object), np.array(evaluation.labels)
    parts = divide(labels, source["evaluation"], tested=test is None)
    train = np.concatenate([parts["probe"], parts["val"]])
    probe = count + np.arange(len(parts["probe"]))
    val = count + len(probe) + np.arange(len(parts["val"]))
    return Labelled(
        train=in_domain,
        train_labels=np.concatenate([_folder_labels(in_domain, evaluation.classes), labels[train]]),
        test=Listing("", test.paths() if test else paths[parts["test"]].tolist()),
        test_labels=_of_classes(test, evaluation.classes, source) if test else labels[parts["test"]],
        classes=evaluation.classes,
        lists={"longtail": longtail, "probe": probe, "val": val, "few": count + parts["few"]},
        probe=Listing("", paths[train].tolist()))


def _of_classes(test: Listing, classes: list[str], source: dict) -> np.ndarray:
    """Return the labels of test images as numbers of the classes of ``evaluation``."""
    for name in test.classes:
        if name not in classes:
            raise BallastError(f"{source['test']}: expected the classes of {source['evaluation']}, got {name!r} too; "
                               f"remove it, or add images of it there")
    for name in classes:
        if name not in test.classes:
            raise BallastError(f"{source['test']}: expected the classes of {source['evaluation']}, got none of "
                               f"{name!r}; add images of it, or remove it there")
    return np.array([classes.index(test.classes[label]) for label in test.labels])


def divide(labels: np.ndarray, name: str, tested: bool = True) -> dict[str, np.ndarray]:
    """Divide labelled images: half of every class for the test, a tenth for validation, the rest for the probe.

    Args:
        labels: int [N].
        name: where the images come from, for messages.
        tested: whether there is a test among them; without it, its half goes to the probe too.

    Returns:
        Positions of ``test``, ``val`` and ``probe`` in ``labels``. ``few``, a tenth of the probe's images of every
        class but at least one, are positions in ``probe``.

    Raises:
        BallastError: a class has too few images.
    """
    parts: dict[str, list[np.ndarray]] = {"test": [], "val": [], "probe": []}
    few = []
    start = 0
    for label in range(labels.max() + 1):
        class_members = numpy_generator(0, "evaluation", label).permutation(np.flatnonzero(labels == label))
        least = 4 if tested else 2
        if len(class_members) < least:
            raise BallastError(f"{name}: class {label} has {len(class_members)} images; {least} are the least that can "
                               f"be divided")
        test = len(class_members) // 2 if tested else 0
        val = max(1, len(class_members) // 10)
        for part, rows in zip(parts.values(), np.split(class_members, [test, test + val])):
            part.append(rows)
        probe = len(class_members) - test - val
        few.append(start + np.arange(max(1, probe // 10)))
        start += probe
    return {**{part: np.concatenate(rows) for part, rows in parts.items()}, "few": np.concatenate(few)}


def _require_disjoint(name: str, training: Listing, labelled: Listing, what: str) -> None:
    """Refuse a labelled image that something trains on, also through a link; ``what`` says what it is there."""
    trained, tested = ({image_path(path).resolve() for path in part.paths()} for part in (training, labelled))
    both = trained & tested
    if both:
        raise BallastError(f"{name}: {min(both)} is {what} too; remove it, since a model cannot be tested on its "
                           f"training images")


def _folder_labels(in_domain: Listing, classes: list[str]) -> np.ndarray:
    """Label in-domain images if all of them lie in folders named as classes; labels only form the groups of classes."""
    label = {name: number for number, name in enumerate(classes)}
    labels = np.array([label.get(Path(file).parts[0], UNKNOWN) for file in in_domain.files])
    return labels if (labels != UNKNOWN).all() else np.full(len(labels), UNKNOWN)
