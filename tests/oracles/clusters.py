"""The soft assignment of DEC and its target by loops."""

import torch


def assignment_by_loops(z, centres):
    """Return q [N, C] of embeddings z [N, d] and centres [C, d]."""
    q = torch.stack([torch.stack([1 / (1 + ((row - centre) ** 2).sum()) for centre in centres]) for row in z])
    return q / q.sum(1, keepdim=True)


def target_by_loops(q):
    """Return p [N, C] of an assignment q [N, C]."""
    p = torch.stack([torch.stack([q[i, c] ** 2 / q[:, c].sum() for c in range(q.shape[1])]) for i in range(len(q))])
    return p / p.sum(1, keepdim=True)
