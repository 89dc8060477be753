"""Geometric Harmonization by loops, with its simplex written out."""

import math

import torch


def simplex(k, d):
    """Return M [K, d] for the first K axes."""
    centring = torch.eye(k, dtype=torch.float64) - 1 / k
    return math.sqrt(k / (k - 1)) * torch.cat([centring, torch.zeros(k, d - k, dtype=torch.float64)], 1)


def to_vertices_by_loops(z, k):
    vertices = simplex(k, z.shape[1])
    rows = []
    for view in z.double():
        t = torch.stack([view @ vertex for vertex in vertices])
        rows.append(t / t.norm())
    return torch.stack(rows)


def surrogate_labels_by_loops(t, prior, iterations):
    images, k = t.shape
    q = [[math.exp(float(t[i, j]) / 0.05) for j in range(k)] for i in range(images)]
    c, r = [1 / images] * images, [0.0] * k
    for _ in range(iterations):
        r = [float(prior[j]) / sum(q[i][j] * c[i] for i in range(images)) for j in range(k)]
        c = [1 / images / sum(q[i][j] * r[j] for j in range(k)) for i in range(images)]
    return torch.tensor([[images * c[i] * q[i][j] * r[j] for j in range(k)] for i in range(images)])


def harmonization_by_loops(t1, t2, prior, iterations):
    total = 0.0
    for labels_of, predicted in ((t1, t2), (t2, t1)):
        labels = surrogate_labels_by_loops(labels_of, prior, iterations)
        for i in range(len(labels)):
            log_sum = math.log(sum(math.exp(float(value) / 0.1) for value in predicted[i]))
            total -= sum(float(labels[i, k]) * (float(predicted[i, k]) / 0.1 - log_sum) for k in range(labels.shape[1]))
    return total / len(t1)
