"""Accuracy by group of classes, Many / Median / Few, their spread, and the mean over all (methods.md 3.4)."""

import numpy as np

GROUPS = ("Many", "Median", "Few")
RULES = {
    "thirds": "classes by training count: the first n//3 Many, the last n//3 Few, the rest Median (COLT)",
    "sdclr": "classes by training count: the last n//3 Few, the n//3 before Median, the rest Many (SDCLR)",
    "counts": "training count above 100 Many, 20 to 100 Median, below 20 Few (ImageNet-LT)",
}
STD_RULE = "population standard deviation of the three group accuracies, in percentage points"


def assign(counts: np.ndarray, rule: str) -> np.ndarray:
    """Group name of every class [C] from its number of training images [C]; equal counts go by class index.

    Empty names where all counts are 0: the training images have no labels.
    """
    classes, third = len(counts), len(counts) // 3
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
    """Share of right predictions in every class, in percent [C]; NaN for a class without test images."""
    right = np.bincount(labels[predicted == labels], minlength=classes)
    with np.errstate(invalid="ignore"):
        return 100.0 * right / np.bincount(labels, minlength=classes)


def group_means(values: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Many, Median, Few: the unweighted mean of the classes' values [C]; NaN for a group without classes."""
    return {name: float(np.nanmean(values[groups == name])) if (groups == name).any() else float("nan")
            for name in GROUPS}


def summarise(accuracy: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Group means of class accuracies [C]; Std over the three; All: the mean over classes."""
    means = group_means(accuracy, groups)
    return {**means, "Std": spread(list(means.values())), "All": float(np.nanmean(accuracy))}


def spread(means: list[float]) -> float:
    """Population standard deviation of the group accuracies that there are, in percentage points."""
    return float(np.nanstd(means)) if not np.isnan(means).all() else float("nan")
