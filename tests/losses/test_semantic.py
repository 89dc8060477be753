"""The guide's semantic loss and its search in the bank against their transcription."""

import torch
from torch.nn.functional import normalize

from ballast.losses.ntxent import log_denominators, ntxent_per_view
from ballast.losses.semantic import nearest_in_bank, semantic_per_view
from tests.oracles.semantic import nearest_in_bank_by_loops, semantic_by_loops

T = 0.2


def test_neighbour_term_equals_the_equation():
    torch.manual_seed(0)
    z, neighbour = normalize(torch.randn(8, 5).double()), normalize(torch.randn(4, 5).double())
    s = (z @ z.T / T).fill_diagonal_(-torch.inf)
    torch.testing.assert_close(semantic_per_view(z, s, neighbour, T), semantic_by_loops(z, neighbour, T))


def test_a_neighbour_equal_to_the_partner_gives_the_contrastive_loss():
    torch.manual_seed(1)
    first = normalize(torch.randn(6, 5).double())
    z = torch.cat([first, first])
    s = (z @ z.T / T).fill_diagonal_(-torch.inf)
    torch.testing.assert_close(semantic_per_view(z, s, first, T), ntxent_per_view(s, log_denominators(s)))


def test_nearest_in_bank_is_never_the_image_itself():
    torch.manual_seed(2)
    bank = normalize(torch.randn(20, 3))
    index = [3, 0, 19]
    neighbour, cosine = nearest_in_bank(bank, torch.tensor(index))
    expected_neighbour, expected_cosine = zip(*nearest_in_bank_by_loops(bank, index))
    assert neighbour.tolist() == list(expected_neighbour)
    torch.testing.assert_close(cosine, torch.tensor(expected_cosine))
