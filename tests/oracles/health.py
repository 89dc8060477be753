"""The measures of a training's health, by loops over numbers."""

import math

import numpy as np


def by_loops(h: np.ndarray, z: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """rank, first, alignment, uniformity and spread of features [n, d] and projections [n, e] of two views."""
    s = np.sqrt(np.clip(np.linalg.eigvalsh(h.T @ h), 0, None))
    p = [value / s.sum() for value in s if value > 1e-9]
    variance = np.linalg.eigvalsh(np.cov(h.T))
    pairs = [math.exp(-2 * ((z[i] - z[j]) ** 2).sum()) for i in range(len(z)) for j in range(len(z)) if i != j]
    spread = [math.sqrt(sum((value - column.mean()) ** 2 for value in column) / (len(column) - 1)) for column in z.T]
    return {"rank": math.exp(-sum(part * math.log(part) for part in p)), "first": variance[-1] / variance.sum(),
            "alignment": sum(((a - b) ** 2).sum() for a, b in zip(z, other)) / len(z),
            "uniformity": math.log(sum(pairs) / len(pairs)),
            "spread": math.sqrt(z.shape[1]) * sum(spread) / len(spread)}
