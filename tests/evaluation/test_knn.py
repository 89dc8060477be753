"""Nearest-neighbour classification against a loop."""

import math

import numpy as np
import pytest

from ballast.config.profile import Neighbours
from ballast.evaluation.knn import classify, vote


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.07), (5, 0.07), (7, 1.0), (500, 0.1)])
def test_it_is_the_weighted_vote(k, temperature):
    rng = np.random.default_rng(0)
    bank, queries, labels = rng.normal(size=(60, 8)), rng.normal(size=(25, 8)), rng.integers(4, size=60)
    predicted = classify(bank, labels, queries, Neighbours(k=k, temperature=temperature))
    for query, prediction in zip(queries, predicted):
        cosine = bank @ query / np.linalg.norm(bank, axis=1) / np.linalg.norm(query)
        votes = [0.0] * 4
        for i in sorted(range(60), key=lambda i: -cosine[i])[:k]:
            votes[labels[i]] += math.exp(cosine[i] / temperature)
        assert prediction == int(np.argmax(votes))


@pytest.mark.parametrize("k", [1, 10, 500])
def test_a_plain_vote_counts_and_the_smallest_class_wins_a_tie(k):
    rng = np.random.default_rng(1)
    bank, queries, labels = rng.normal(size=(60, 8)), rng.normal(size=(25, 8)), rng.integers(4, size=60)
    for query, prediction in zip(queries, vote(bank, labels, queries, k)):
        cosine = bank @ query / np.linalg.norm(bank, axis=1) / np.linalg.norm(query)
        nearest = sorted(range(60), key=lambda i: -cosine[i])[:k]
        assert prediction == int(np.bincount(labels[nearest], minlength=4).argmax())
