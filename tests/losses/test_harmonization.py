"""Geometric Harmonization against its transcription."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.losses.harmonization import harmonization, surrogate_labels, to_vertices
from tests.oracles.harmonization import (
    harmonization_by_loops,
    simplex,
    surrogate_labels_by_loops,
    to_vertices_by_loops,
)

PRIOR = torch.tensor([0.5, 0.3, 0.2, 0.0], dtype=torch.float64)  # no image has the last vertex


def projections():
    torch.manual_seed(0)
    return normalize(torch.randn(2, 7, 6).double(), dim=-1)


def test_the_vertices_are_equidistant_unit_vectors():
    cosine = simplex(4, 6) @ simplex(4, 6).T
    torch.testing.assert_close(cosine, torch.eye(4).double() * 4 / 3 - 1 / 3)


def test_similarities_to_the_vertices_equal_the_product_with_the_simplex():
    z = projections()[0]
    torch.testing.assert_close(to_vertices(z, 4), to_vertices_by_loops(z, 4))


def test_surrogate_labels_equal_the_transcription_and_follow_the_prior():
    t = to_vertices(projections(), 4)
    labels = surrogate_labels(t, PRIOR, 300)
    for one, views in zip(labels, t):
        torch.testing.assert_close(one, surrogate_labels_by_loops(views, PRIOR, 300).double(), rtol=1e-5, atol=1e-7)
        torch.testing.assert_close(one.sum(1), torch.ones(7).double())
        torch.testing.assert_close(one.mean(0), PRIOR, rtol=1e-3, atol=1e-4)


def test_the_loss_equals_the_transcription_and_draws_no_gradient_through_the_labels():
    z = projections().requires_grad_()
    t1, t2 = (to_vertices(views, 4) for views in z)
    loss = harmonization(t1, t2, PRIOR, 50)
    assert loss.item() == pytest.approx(harmonization_by_loops(t1, t2, PRIOR, 50), rel=1e-5)
    loss.backward()
    assert z.grad.isfinite().all() and not surrogate_labels(t1, PRIOR, 2).requires_grad
