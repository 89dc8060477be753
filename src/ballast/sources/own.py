"""A user's own source: in-domain images without labels and, for evaluation, optional labelled images."""

from pathlib import Path

import numpy as np

from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path
from ballast.runtime.rng import numpy_generator
from ballast.sources.labelled import UNKNOWN, Labelled
from ballast.sources.listing import Listing, listing


def load_own(source: dict) -> Labelled:
    """Load the in-domain images as they are, and divide the evaluation images, where there are some."""
    root = source.get("root")
    in_domain = listing(source["in_domain"], root, labelled=False)
    count = len(in_domain.files)
    longtail = np.arange(count)
    if source.get("evaluation") is None:
        return Labelled(in_domain, np.full(count, UNKNOWN), Listing("", []), np.zeros(0, np.int64), [],
                        {"longtail": longtail})
    evaluation = listing(source["evaluation"], root, labelled=True)
    _require_disjoint(source["evaluation"], in_domain, evaluation)
    paths = np.array(evaluation.paths(), object)
    labels = np.array(evaluation.labels)
    parts = divide(labels, source["evaluation"])
    train = np.concatenate([parts["probe"], parts["val"]])
    probe = count + np.arange(len(parts["probe"]))
    val = count + len(probe) + np.arange(len(parts["val"]))
    return Labelled(
        train=Listing("", [*in_domain.paths(), *paths[train]]),
        train_labels=np.concatenate([_folder_labels(in_domain, evaluation.classes), labels[train]]),
        test=Listing("", paths[parts["test"]].tolist()), test_labels=labels[parts["test"]], classes=evaluation.classes,
        lists={"longtail": longtail, "probe": probe, "val": val, "few": count + parts["few"]})


def divide(labels: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Divide labelled images: half of every class for the test, a tenth for validation, the rest for the probe.

    Args:
        labels: int [N].
        name: where the images come from, for messages.

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
        if len(class_members) < 4:
            raise BallastError(f"{name}: class {label} has {len(class_members)} images; 4 are the least that can be "
                               f"divided")
        test = len(class_members) // 2
        val = max(1, len(class_members) // 10)
        for part, rows in zip(parts.values(), np.split(class_members, [test, test + val])):
            part.append(rows)
        probe = len(class_members) - test - val
        few.append(start + np.arange(max(1, probe // 10)))
        start += probe
    return {**{part: np.concatenate(rows) for part, rows in parts.items()}, "few": np.concatenate(few)}


def _require_disjoint(name: str, in_domain: Listing, evaluation: Listing) -> None:
    """Refuse an evaluation image that is an in-domain image too, also through a link."""
    trained, tested = ({resolve_path(path).resolve() for path in part.paths()} for part in (in_domain, evaluation))
    both = trained & tested
    if both:
        raise BallastError(f"{name}: {min(both)} is an in-domain image too; remove it, since a model cannot be tested "
                           f"on its training images")


def _folder_labels(in_domain: Listing, classes: list[str]) -> np.ndarray:
    """Label in-domain images if all of them lie in folders named as classes; labels only form the groups of classes."""
    label = {name: number for number, name in enumerate(classes)}
    labels = np.array([label.get(Path(file).parts[0], UNKNOWN) for file in in_domain.files])
    return labels if (labels != UNKNOWN).all() else np.full(len(labels), UNKNOWN)
