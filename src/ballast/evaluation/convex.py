"""Linear classifiers on frozen features whose loss has one minimum: no seed, no epoch, no luck.

Multinomial logistic regression is what all verdicts rest on; the support vector machine is that of the few-shot and
long-tail evaluations of Kukleva et al., ICLR 2023. Features are standardized by the training list.
"""

import numpy as np

from ballast.config.profile import Convex

MOST_STEPS = 2000


def logistic(features: np.ndarray, labels: np.ndarray, queries: np.ndarray, settings: Convex) -> np.ndarray:
    """Return the classes [Q] by multinomial logistic regression with an L2 penalty.

    Args:
        features: of the training images, [N, d].
        labels: their classes, [N].
        queries: features to classify, [Q, d].
        settings: the inverse strength of the penalty.
    """
    from sklearn.linear_model import LogisticRegression  # half a second, which no other use should pay

    return _predicted(LogisticRegression(C=settings.C, max_iter=MOST_STEPS), features, labels, queries)


def svm(features: np.ndarray, labels: np.ndarray, queries: np.ndarray, settings: Convex) -> np.ndarray:
    """Return the classes [Q] by a linear support vector machine, one class against the rest; arguments as above."""
    from sklearn.svm import LinearSVC

    # In the primal form it draws nothing; the dual one visits images in random order.
    return _predicted(LinearSVC(C=settings.C, dual=False, max_iter=MOST_STEPS), features, labels, queries)


def _predicted(classifier, features: np.ndarray, labels: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Fit a classifier of scikit-learn on standardized features and return the classes of the queries."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(np.unique(labels)) < 2:  # as in a list of one class: there is nothing to tell apart
        return np.full(len(queries), labels[0])
    return make_pipeline(StandardScaler(), classifier).fit(features, labels).predict(queries)
