"""How features lie on the sphere: spread over it, and together within a class."""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def uniformity(features: Tensor) -> float:
    """log mean over pairs of exp(-2 ||x - y||^2), x and y unit vectors (Wang and Isola 2020); lower is more uniform."""
    x = normalize(features.double())
    squared = (2 - 2 * x @ x.T).clamp(min=0)
    pairs = torch.ones(len(x), len(x), dtype=torch.bool, device=x.device).triu(1)
    return (-2 * squared[pairs]).exp().mean().log().item()


def consistency(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Mean cosine between two images of a class, [C]; 1 is a class in one point, NaN a class with fewer than two."""
    x = normalize(features.double())
    member = torch.nn.functional.one_hot(labels, classes).to(x.dtype)
    count = member.sum(0)
    together = (member.T @ x).square().sum(1)  # sum of all cosines within a class, each image with itself included
    return (together - count) / (count * (count - 1))
