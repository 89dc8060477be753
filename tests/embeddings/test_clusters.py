"""k-means and its KL refinement."""

import torch
from torch.nn.functional import normalize

from ballast.embeddings.clusters import kmeans, refine_by_kl, sharpened, soft_assignment
from tests.oracles.clusters import assignment_by_loops, target_by_loops


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
    q = assignment_by_loops(z, centres)
    torch.testing.assert_close(soft_assignment(z, centres), q)
    torch.testing.assert_close(sharpened(q), target_by_loops(q))


def test_refinement_lowers_the_divergence_and_keeps_the_blobs():
    z = blobs()
    labels, centres = kmeans(z, 3)
    refined, moved = refine_by_kl(z, centres)
    assert refined.tolist() == labels.tolist()
    q = soft_assignment(z, centres)
    divergence = lambda c: (sharpened(q) * (sharpened(q) / soft_assignment(z, c)).log()).sum(1).mean()  # noqa: E731
    assert divergence(moved) < divergence(centres)
    torch.testing.assert_close(moved.norm(dim=1), torch.ones(3))
