"""Convex classifiers: the minimum of their loss, and no luck."""

import numpy as np
import pytest
from scipy.optimize import minimize

from ballast.config.profile import Convex
from ballast.evaluation.convex import logistic, svm


def features(count=300, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=count)
    return rng.normal(size=(count, 6)).astype(np.float32) * 3 + np.eye(classes, 6)[labels] * 4, labels


def test_logistic_regression_is_the_minimum_of_its_loss():
    x, y = features()
    queries, _ = features(200, seed=1)
    mean, std = x.mean(0), x.std(0)
    z = (x - mean) / std

    def loss(weights):
        w, b = weights[:24].reshape(4, 6), weights[24:]
        scores = z @ w.T + b
        peak = scores.max(1, keepdims=True)
        log_sum = (peak + np.log(np.exp(scores - peak).sum(1, keepdims=True)))[:, 0]
        return (log_sum - scores[np.arange(len(y)), y]).sum() + 0.5 * (w**2).sum() / 0.7

    best = minimize(loss, np.zeros(28), method="L-BFGS-B", options={"maxiter": 5000, "maxfun": 10**6}).x
    scores = (queries - mean) / std @ best[:24].reshape(4, 6).T + best[24:]
    agree = logistic(x, y, queries, Convex(C=0.7)) == scores.argmax(1)
    assert agree.mean() > 0.99


@pytest.mark.parametrize("classify", [logistic, svm])
def test_three_seeds_differ_by_less_than_a_tenth_of_a_point(classify):
    x, y = features(2000)
    queries, truth = features(4000, seed=1)
    accuracies = []
    for seed in range(3):
        np.random.seed(seed)  # what a classifier that draws would draw from
        order = np.random.permutation(len(x))  # the order of the list is chance too
        accuracies.append(100 * (classify(x[order], y[order], queries, Convex(C=1.0)) == truth).mean())
    assert max(accuracies) - min(accuracies) < 0.1 and min(accuracies) > 40


@pytest.mark.parametrize("classify", [logistic, svm])
def test_the_scale_of_a_feature_does_not_matter_and_one_class_is_no_error(classify):
    x, y = features()
    scaled = x * np.array([1, 100, 0.01, 1, 1, 10], np.float32)
    assert (classify(x, y, x, Convex(C=1.0)) == classify(scaled, y, scaled, Convex(C=1.0))).mean() > 0.99
    assert (classify(x, np.full(len(x), 3), x, Convex(C=1.0)) == 3).all()
