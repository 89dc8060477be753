"""The student's guided loss and its weights against their transcription."""

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


def test_equals_the_equation_with_the_guides_weights():
    z, z_neighbour, u, u_neighbour, negative = batch()
    loss = guided_contrast(z, z_neighbour, T, attraction((u * u_neighbour).sum(1)), repulsion(u @ u.T, negative))
    torch.testing.assert_close(loss, guided_by_loops(z, z_neighbour, u, u_neighbour, negative, T))


def test_an_anchor_without_negatives_has_a_finite_gradient():
    z, z_neighbour, *_ = batch()
    z.requires_grad_()
    loss = guided_contrast(z, z_neighbour, T, torch.ones(2 * B, 2), torch.zeros(2 * B, 2 * B))
    loss.backward()
    assert z.grad.isfinite().all()
