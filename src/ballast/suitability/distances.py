"""Distances of two sets of embeddings: by a kernel (MMD), and how easily a classifier tells them apart.

    MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y), x != x', k(x, y) = exp(-|x - y|^2 / s),
            s the median of |x - y|^2 over the in-domain pairs
    AUC   of a logistic regression, each half of the images by the other half; 0.5: nothing tells them apart

Source of MMD: Gretton et al., JMLR 2012, eq. 3 (docs/suitability.md).
"""

import torch
from torch import Tensor


def mmd2(x: Tensor, y: Tensor) -> float:
    """Return the unbiased MMD^2 of x [n, d] and y [m, d]; near 0, and perhaps below, for equal distributions."""
    within_x, within_y = torch.pdist(x.double()) ** 2, torch.pdist(y.double()) ** 2
    scale = within_x.median().clamp(min=1e-12)
    between = torch.cdist(x.double(), y.double()) ** 2
    return float((-within_x / scale).exp().mean() + (-within_y / scale).exp().mean()
                 - 2 * (-between / scale).exp().mean())


def separability(x: Tensor, y: Tensor) -> float:
    """Return the AUC of a classifier between x [n, d] and y [m, d], in random order; the sets weigh the same."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.preprocessing import StandardScaler

    z = StandardScaler().fit_transform(torch.cat([x, y]).double().numpy())
    label = np.repeat([0, 1], [len(x), len(y)])
    half = np.arange(len(z)) % 2
    scores = np.empty(len(z))
    for part in (0, 1):
        model = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
        model.fit(z[half != part], label[half != part])
        scores[half == part] = model.decision_function(z[half == part])
    return float(np.mean([roc_auc_score(label[half == part], scores[half == part]) for part in (0, 1)]))
