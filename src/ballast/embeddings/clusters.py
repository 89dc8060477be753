"""Clusters of the in-domain embeddings: k-means, and its refinement by a KL divergence for the guide.

    q_ic = (1 + ||z_i - mu_c||^2)^(-1), normalized over c;  p_ic = q_ic^2 / sum_i q_ic, normalized over c
    L    = mean_i KL(p_i || q_i), minimized over the centres mu

Sources: k-means as in COLT (Bai et al., ICLR 2023; docs/methods/colt.md); the refinement is that of DEC (Xie et al.,
ICML 2016), with which we interpret "KL-divergence refinement" in arXiv 2506.12698 (docs/methods/guided.md).
"""

import warnings

import torch
from torch import Tensor
from torch.nn.functional import normalize


def kmeans(z: Tensor, clusters: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Cluster the rows of z [N, d] by Euclidean k-means, the best of 10 starts by k-means++.

    Returns:
        Labels [N] and centres [C, d] on z's device; C is ``clusters``, or N if there are fewer rows.
    """
    # Stages that only look neighbours up import this module too, and scikit-learn takes a second to import.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Fewer distinct points than clusters leave clusters empty; every user of the labels allows for that.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(min(clusters, len(z)), n_init=10, random_state=seed).fit(z.float().cpu().numpy())
    labels = torch.from_numpy(fitted.labels_).long()
    return labels.to(z.device), torch.from_numpy(fitted.cluster_centers_).to(z.device)


def refine_by_kl(
    z: Tensor, centres: Tensor, steps: int = 50, refresh: int = 10, lr: float = 0.1
) -> tuple[Tensor, Tensor]:
    """Move the centres to minimize L on fixed embeddings, by full-batch steps of Adam.

    Args:
        z: embeddings, [N, d].
        centres: the centres mu to start from, [C, d].
        steps: number of steps.
        refresh: steps between updates of the target p.
        lr: learning rate, relative to the deviation of the centres' entries.

    Returns:
        Labels [N], the argmax of q, and the centres [C, d] scaled to unit length.
    """
    centres = centres.clone().requires_grad_()
    optimizer = torch.optim.Adam([centres], lr=lr * centres.detach().std().item())
    for step in range(steps):
        q = soft_assignment(z, centres)
        if step % refresh == 0:
            target = sharpened(q.detach())
        loss = (target * (target.clamp(min=1e-12).log() - q.log())).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    centres = centres.detach()
    return soft_assignment(z, centres).argmax(1), normalize(centres)


def soft_assignment(z: Tensor, centres: Tensor) -> Tensor:
    """Return q [N, C], a Student-t distribution with one degree of freedom, of z [N, d] and centres [C, d]."""
    q = 1 / (1 + torch.cdist(z, centres) ** 2)
    return q / q.sum(1, keepdim=True)


def sharpened(q: Tensor) -> Tensor:
    """Return the target p [N, C] of an assignment q [N, C]."""
    p = q**2 / q.sum(0)
    return p / p.sum(1, keepdim=True)
