"""L_PSD's neighbour term and the bank search against loops (methods.md 1.7)."""

import torch
from torch.nn.functional import normalize

from ballast.losses.ntxent import log_denominators, ntxent_per_view
from ballast.losses.semantic import nearest_in_bank, semantic_per_view

T = 0.2


def test_neighbour_term_equals_the_equation():
    torch.manual_seed(0)
    batch = 4
    z, b = normalize(torch.randn(2 * batch, 5).double()), normalize(torch.randn(batch, 5).double())
    s = (z @ z.T / T).fill_diagonal_(-torch.inf)
    expected = []
    for v in range(2 * batch):
        positive = z[v] @ b[v % batch] / T
        others = sum((z[v] @ z[u] / T).exp() for u in range(2 * batch) if u % batch != v % batch)
        expected.append((positive.exp() + others).log() - positive)
    torch.testing.assert_close(semantic_per_view(z, s, b, T), torch.stack(expected))


def test_a_neighbour_equal_to_the_partner_gives_the_contrastive_loss():
    torch.manual_seed(1)
    first = normalize(torch.randn(6, 5).double())
    z = torch.cat([first, first])
    s = (z @ z.T / T).fill_diagonal_(-torch.inf)
    torch.testing.assert_close(semantic_per_view(z, s, first, T), ntxent_per_view(s, log_denominators(s)))


def test_nearest_in_bank_is_never_the_image_itself():
    torch.manual_seed(2)
    bank = normalize(torch.randn(20, 3))
    index = torch.tensor([3, 0, 19])
    found, cosine = nearest_in_bank(bank, index)
    for i, j, c in zip(index.tolist(), found.tolist(), cosine.tolist()):
        others = [(float(bank[i] @ bank[k]), k) for k in range(20) if k != i]
        assert j == max(others)[1] and abs(c - max(others)[0]) < 1e-6
