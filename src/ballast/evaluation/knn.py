"""Nearest-neighbour classification of frozen features, without any training.

The k labelled images with the largest cosine vote: each with the weight exp(cosine / temperature) (Wu et al., CVPR
2018, section 3.4), or all alike, as kNN@1 and kNN@10 of temperature schedules (Kukleva et al., ICLR 2023).
"""

import numpy as np

from ballast.config.profile import Neighbours


def classify(bank: np.ndarray, labels: np.ndarray, queries: np.ndarray, settings: Neighbours) -> np.ndarray:
    """Return the predicted class of every query.

    Args:
        bank: features of the labelled images, [N, d].
        labels: their classes, [N].
        queries: features to classify, [Q, d].
        settings: number of neighbours and temperature; a bank with fewer than k images votes as a whole.

    Returns:
        Predicted classes [Q].
    """
    # Imported here: scikit-learn takes half a second, which no other use of this package should pay.
    from sklearn.neighbors import KNeighborsClassifier

    def weight(distance: np.ndarray) -> np.ndarray:
        return np.exp((1 - distance) / settings.temperature)

    voters = KNeighborsClassifier(min(settings.k, len(bank)), metric="cosine", algorithm="brute", weights=weight)
    return voters.fit(bank, labels).predict(queries)


def vote(bank: np.ndarray, labels: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """Return the class [Q] with most votes among the k nearest labelled images; of equal ones the smallest class.

    Args:
        bank: features of the labelled images, [N, d].
        labels: their classes, [N].
        queries: features to classify, [Q, d].
        k: number of neighbours; a bank with fewer images votes as a whole.
    """
    from sklearn.neighbors import KNeighborsClassifier

    voters = KNeighborsClassifier(min(k, len(bank)), metric="cosine", algorithm="brute")
    return voters.fit(bank, labels).predict(queries)
