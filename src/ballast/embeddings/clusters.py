"""Clusters of the seed embeddings: k-means, and its KL refinement for the guide (methods.md 1.6, 1.7)."""

import warnings

import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor
from torch.nn.functional import normalize


def kmeans(z: Tensor, clusters: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Labels [N] and centres [C, d] of z [N, d]: k-means++, 10 starts, Euclidean; C is at most N."""
    with warnings.catch_warnings():
        # Fewer distinct points than clusters leaves clusters empty, which every user of the labels handles.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(min(clusters, len(z)), n_init=10, random_state=seed).fit(z.float().cpu().numpy())
    return torch.from_numpy(found.labels_).long().to(z.device), torch.from_numpy(found.cluster_centers_).to(z.device)


def refine_by_kl(z: Tensor, centres: Tensor, steps: int = 50, refresh: int = 10, lr: float = 0.1
                 ) -> tuple[Tensor, Tensor]:
    """Move the centres [C, d] to minimise KL(p || q) on frozen z [N, d] (DEC); labels [N] and unit centres [C, d].

        q_ic = (1 + ||z_i - mu_c||^2)^(-1), normalised over c;  p_ic = q_ic^2 / sum_i q_ic, normalised over c
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
    """q [N, C], Student-t with one degree of freedom."""
    q = 1 / (1 + torch.cdist(z, centres) ** 2)
    return q / q.sum(1, keepdim=True)


def sharpened(q: Tensor) -> Tensor:
    """The target p [N, C] of the refinement."""
    p = q**2 / q.sum(0)
    return p / p.sum(1, keepdim=True)
