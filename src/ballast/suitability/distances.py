"""Distances of two sets of embeddings: kernel (MMD), Frechet, and how easily a classifier tells them apart.

    MMD^2     = mean k(x, x') + mean k(y, y') - 2 mean k(x, y), x != x', k(x, y) = exp(-|x - y|^2 / s),
                s the median of |x - y|^2 over the in-domain pairs
    Frechet   = |m_x - m_y|^2 + tr(C_x + C_y - 2 (C_x C_y)^(1/2))
    AUC       of a logistic regression, each half of the images by the other half; 0.5: nothing tells them apart

Sources: Gretton et al., JMLR 2012, eq. 3; Dowson and Landau, 1982 (docs/suitability.md).
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


def frechet(x: Tensor, y: Tensor) -> float:
    """Return the squared Frechet distance of the normal distributions that fit x [n, d] and y [m, d]."""
    x, y = x.double(), y.double()
    c_x, c_y = (z.T.cov() for z in (x, y))
    values, vectors = torch.linalg.eigh(c_x)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T  # (C_x C_y)^(1/2) has the eigenvalues of root C_y root
    product = torch.linalg.eigvalsh(root @ c_y @ root).clamp(min=0).sqrt().sum()
    return float((x.mean(0) - y.mean(0)).square().sum() + c_x.trace() + c_y.trace() - 2 * product)


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
