"""Accuracy by group of classes (Many, Median, Few), the spread over the groups, and the mean over all classes."""

import numpy as np

GROUPS = ("Many", "Median", "Few")
RULES = {
    "thirds": "classes by training count: the first n//3 Many, the last n//3 Few, the rest Median (COLT)",
    "sdclr": "classes by training count: the last n//3 Few, the n//3 before Median, the rest Many (SDCLR)",
    "counts": "training count above 100 Many, 20 to 100 Median, below 20 Few (ImageNet-LT)",
}
STD_RULE = "population standard deviation of the three group accuracies, in percentage points"


def assign(counts: np.ndarray, rule: str) -> np.ndarray:
    """Return the group name of every class.

    Args:
        counts: training images of every class, [C]. Classes with equal counts are ordered by their index.
        rule: a key of RULES.

    Returns:
        Group names [C]; empty strings where all counts are 0, that is, where the training images have no labels.
    """
    classes = len(counts)
    third = classes // 3
    if not np.any(counts):
        return np.full(classes, "")
    if rule == "counts":
        return np.select([counts > 100, counts >= 20], GROUPS[:2], GROUPS[2])
    head_to_tail = np.argsort(-np.asarray(counts), kind="stable")
    many = third if rule == "thirds" else classes - 2 * third
    groups = np.empty(classes, dtype="<U6")
    groups[head_to_tail[:many]] = GROUPS[0]
    groups[head_to_tail[many : classes - third]] = GROUPS[1]
    groups[head_to_tail[classes - third :]] = GROUPS[2]
    return groups


def class_accuracy(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the accuracy of every class in percent, [C]; NaN for a class without test images."""
    correct = np.bincount(labels[predicted == labels], minlength=classes)
    with np.errstate(invalid="ignore"):
        return 100.0 * correct / np.bincount(labels, minlength=classes)


def group_means(values: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Return the unweighted mean of the classes' values [C] for every group; NaN for a group without classes."""
    return {name: float(np.nanmean(values[groups == name])) if (groups == name).any() else float("nan")
            for name in GROUPS}


def summarise(accuracy: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Return Many, Median, Few, their Std, and All (the mean over classes) of class accuracies [C]."""
    means = group_means(accuracy, groups)
    return {**means, "Std": spread(list(means.values())), "All": float(np.nanmean(accuracy))}


def spread(means: list[float]) -> float:
    """Return the population standard deviation of group accuracies, in percentage points; NaN entries are ignored."""
    return float(np.nanstd(means)) if not np.isnan(means).all() else float("nan")
