"""k-means, its KL refinement, and nearest neighbours."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.embeddings import neighbours
from ballast.embeddings.clusters import kmeans, refine_by_kl, sharpened, soft_assignment
from ballast.embeddings.neighbours import nearest_neighbours


def blobs():
    torch.manual_seed(0)
    centres = torch.eye(3)
    return normalize(centres.repeat_interleave(20, 0) + 0.1 * torch.randn(60, 3))


def test_kmeans_finds_separated_blobs_the_same_every_time():
    z = blobs()
    labels, centres = kmeans(z, 3)
    assert all(len(set(part.tolist())) == 1 for part in labels.split(20)) and len(set(labels.tolist())) == 3
    torch.testing.assert_close(kmeans(z, 3)[1], centres, rtol=0, atol=0)
    assert len(kmeans(z[:2], 5)[1]) == 2


def test_soft_assignment_and_target_equal_the_equations():
    z, centres = blobs()[::7], torch.randn(4, 3)
    q = torch.stack([torch.stack([1 / (1 + ((a - c) ** 2).sum()) for c in centres]) for a in z])
    q /= q.sum(1, keepdim=True)
    torch.testing.assert_close(soft_assignment(z, centres), q)
    p = torch.stack([torch.stack([q[i, c] ** 2 / q[:, c].sum() for c in range(4)]) for i in range(len(z))])
    torch.testing.assert_close(sharpened(q), p / p.sum(1, keepdim=True))


def test_refinement_lowers_the_divergence_and_keeps_the_blobs():
    z = blobs()
    labels, centres = kmeans(z, 3)
    refined, moved = refine_by_kl(z, centres)
    assert refined.tolist() == labels.tolist()
    q = soft_assignment(z, centres)
    divergence = lambda c: (sharpened(q) * (sharpened(q) / soft_assignment(z, c)).log()).sum(1).mean()  # noqa: E731
    assert divergence(moved) < divergence(centres)
    torch.testing.assert_close(moved.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize("with_faiss", [True, False])
def test_neighbours_are_the_nearest_others(with_faiss, monkeypatch):
    if not with_faiss:
        monkeypatch.setattr(neighbours, "faiss", None)
    z = torch.cat([blobs(), blobs()[:1]])  # a duplicate of the first
    cosine, index = nearest_neighbours(z, 4)
    full = (z @ z.T).fill_diagonal_(-2)
    torch.testing.assert_close(cosine, full.topk(4).values)
    assert (index != torch.arange(61)[:, None]).all()
    torch.testing.assert_close(full.gather(1, index), cosine)
