"""COLT's domain loss, both forms, against its transcription."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.losses.domain import domain_contrast, domain_contrast_poster
from ballast.losses.ntxent import log_denominators, ntxent_per_view, similarities
from tests.oracles.domain import domain_by_loops

T = 0.2


def views(batch, seed=0):
    torch.manual_seed(seed)
    z = normalize(torch.randn(2 * batch, 5, dtype=torch.float64))
    s = (z @ z.T / T).fill_diagonal_(-torch.inf)
    return z, s


@pytest.mark.parametrize("is_pool", [[0, 1, 0, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1]])
def test_both_forms_equal_their_equations(is_pool):
    z, s = views(5)
    is_pool = torch.tensor(is_pool, dtype=torch.bool).repeat(2)
    code = domain_contrast(z, log_denominators(s), is_pool, T)
    torch.testing.assert_close(code, domain_by_loops(s, is_pool, "code"))
    torch.testing.assert_close(domain_contrast_poster(s, is_pool), domain_by_loops(s, is_pool, "poster"))


def test_with_the_partner_as_only_positive_it_is_ntxent():
    z, s = views(1)
    log_d = log_denominators(s)
    loss = domain_contrast(z, log_d, torch.tensor([True, True]), T)
    torch.testing.assert_close(loss, ntxent_per_view(s, log_d).mean())


@pytest.mark.parametrize("all_pool", [True, False])
def test_a_batch_of_one_domain_has_finite_loss_and_gradient(all_pool):
    z = views(4)[0].requires_grad_()
    is_pool = torch.full((8,), all_pool)
    s = similarities(z, T)
    loss = domain_contrast(z, log_denominators(s), is_pool, T) + domain_contrast_poster(s, is_pool)
    loss.backward()
    assert loss.isfinite() and z.grad.isfinite().all()
