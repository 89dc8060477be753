"""Geometry of features on the unit sphere: how evenly they spread, and how close a class lies together."""

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot


def uniformity(features: Tensor) -> float:
    """Return the uniformity of features [N, d]; a lower value is more uniform.

    It is log mean exp(-2 ||x - y||^2) over all pairs of unit vectors x and y (Wang and Isola, ICML 2020, section 4.1).
    """
    x = normalize(features.double())
    squared = (2 - 2 * x @ x.T).clamp(min=0)
    pairs = torch.ones(len(x), len(x), dtype=torch.bool, device=x.device).triu(1)
    return (-2 * squared[pairs]).exp().mean().log().item()


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
