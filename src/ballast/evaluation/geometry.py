"""Geometry of features on the unit sphere: how evenly they spread, how close a class lies, who its neighbours are."""

import numpy as np
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from ballast.evaluation.groups import GROUPS

BLOCK = 1024  # rows of pairs at a time: all pairs of many images do not fit into memory


def uniformity(features: Tensor) -> float:
    """Return the uniformity of features [N, d]; a lower value is more uniform.

    It is log mean exp(-2 ||x - y||^2) over all pairs of unit vectors x and y (Wang and Isola, ICML 2020, section 4.1).
    """
    x = normalize(features.double())
    n = len(x)
    total = sum((4 * part @ x.T - 4).clamp_(max=0).exp_().sum() for part in x.split(BLOCK)) - n  # without self-pairs
    return (total / (n * (n - 1))).log().item()


def consistency(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the mean cosine between two images of a class, for every class.

    Args:
        features: [N, d].
        labels: class of every row, [N].
        classes: the number of classes, C.

    Returns:
        Mean cosines [C]: 1 where all images of a class coincide, NaN for a class with fewer than two images.
    """
    x = normalize(features.double())
    member = one_hot(labels, classes).to(x.dtype)
    count = member.sum(0)
    together = (member.T @ x).square().sum(1)  # sum of all cosines within a class, each image with itself included
    return (together - count) / (count * (count - 1))


def purity(z: np.ndarray, labels: np.ndarray, groups: np.ndarray, k: int) -> dict[str, float]:
    """Return for the images of each group how many of their k nearest neighbours are of their own class, as a fraction.

    What a second positive from the neighbourhood is worth: below one half, most of them are of another class.

    Args:
        z: unit embeddings [N, d].
        labels: [N].
        groups: group of every class, [C].
        k: number of neighbours, the image itself left out.
    """
    similarity = z @ z.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, : min(k, len(z) - 1)]
    same = (labels[nearest] == labels[:, None]).mean(1)
    return {name: float(same[groups[labels] == name].mean()) for name in GROUPS if (groups[labels] == name).any()}
