"""Cosine k-nearest-neighbour classification of frozen features (Wu et al. 2018): no training, nothing to tune.

The k nearest labelled images vote with weight exp(cosine / t).
"""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier


def classify(bank: np.ndarray, labels: np.ndarray, queries: np.ndarray, k: int, temperature: float) -> np.ndarray:
    """Predicted classes [Q] of queries [Q, d] by a labelled bank [N, d]."""
    def weight(distance: np.ndarray) -> np.ndarray:
        return np.exp((1 - distance) / temperature)

    neighbours = KNeighborsClassifier(min(k, len(bank)), metric="cosine", algorithm="brute", weights=weight)
    return neighbours.fit(bank, labels).predict(queries)
