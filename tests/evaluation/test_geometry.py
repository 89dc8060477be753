"""Uniformity and consistency against loops over pairs."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from ballast.evaluation.geometry import consistency, purity, uniformity


def test_uniformity_is_the_log_of_the_mean_gaussian_potential():
    torch.manual_seed(0)
    features = torch.randn(12, 5)
    x = normalize(features)
    pairs = [math.exp(-2 * float((x[i] - x[j]).square().sum())) for i, j in combinations(range(12), 2)]
    assert abs(uniformity(features) - math.log(sum(pairs) / len(pairs))) < 1e-5
    assert uniformity(torch.ones(4, 3)) == 0


def test_consistency_is_the_mean_cosine_within_a_class():
    torch.manual_seed(0)
    features, labels = torch.randn(12, 5), torch.tensor([0, 1, 0, 0, 1, 1, 0, 2, 1, 0, 1, 0])
    x, found = normalize(features), consistency(features, labels, 4)
    for c in (0, 1):
        members = [i for i in range(12) if labels[i] == c]
        cosines = [float(x[i] @ x[j]) for i, j in combinations(members, 2)]
        assert abs(found[c] - sum(cosines) / len(cosines)) < 1e-5
    assert found[2:].isnan().all()


def test_purity_is_the_share_of_neighbours_of_the_own_class():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(40, 5))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    labels, groups = rng.integers(4, size=40), np.array(["Many", "Median", "Few", "Few"])
    found = purity(z.copy(), labels, groups, 3)
    for name in ("Many", "Median", "Few"):
        shares = []
        for i in np.flatnonzero(groups[labels] == name):
            order = sorted((j for j in range(40) if j != i), key=lambda j: -float(z[i] @ z[j]))[:3]
            shares.append(np.mean([labels[j] == labels[i] for j in order]))
        assert found[name] == pytest.approx(np.mean(shares))
