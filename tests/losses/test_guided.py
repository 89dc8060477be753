"""The student's guided loss and its weights against their transcription."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.losses.guided import attraction, guided_contrast, repulsion
from tests.oracles.guided import guided_by_loops

T, B = 0.2, 5


def batch():
    torch.manual_seed(0)
    z, z_neighbour = normalize(torch.randn(2 * B, 6).double()), normalize(torch.randn(B, 6).double())
    u, u_neighbour = normalize(torch.randn(B, 4).double()), normalize(torch.randn(B, 4).double())
    negative = torch.rand(B, B) > 0.4
    negative.fill_diagonal_(False)
    negative[2] = False  # an anchor without negatives
    return z, z_neighbour, u, u_neighbour, negative


@pytest.mark.parametrize("threshold", [-1.0, 0.2])
@pytest.mark.parametrize("form", ["linear", "exp", "none"])
def test_equals_the_equation_with_the_guides_weights(form, threshold):
    z, z_neighbour, u, u_neighbour, negative = batch()
    w_pos = attraction((u * u_neighbour).sum(1), form, 0.1, threshold)
    w_neg = repulsion(u @ u.T, negative, form, 0.1)
    loss = guided_contrast(z, z_neighbour, z, T, w_pos.repeat(2, 1), w_neg.repeat(2, 2))
    expected = guided_by_loops(z, z_neighbour, u, u_neighbour, negative, T, form, threshold)
    torch.testing.assert_close(loss, expected)


def test_negatives_may_be_other_images():
    z, z_neighbour, u, u_neighbour, negative = batch()
    z_far, u_far = normalize(torch.randn(3, 6).double()), normalize(torch.randn(3, 4).double())
    w_pos = attraction((u * u_neighbour).sum(1), "linear", 0.1)
    w_neg = repulsion(u @ u_far.T, negative[:, :3], "linear", 0.1)
    loss = guided_contrast(z, z_neighbour, z_far, T, w_pos.repeat(2, 1), w_neg.repeat(2, 1))
    expected = guided_by_loops(z, z_neighbour, u, u_neighbour, negative[:, :3], T, drawn=(z_far, u_far))
    torch.testing.assert_close(loss, expected)


def test_an_anchor_without_negatives_has_a_finite_gradient():
    z, z_neighbour, *_ = batch()
    z.requires_grad_()
    loss = guided_contrast(z, z_neighbour, z, T, torch.ones(2 * B, 2), torch.zeros(2 * B, 2 * B))
    loss.backward()
    assert z.grad.isfinite().all()
