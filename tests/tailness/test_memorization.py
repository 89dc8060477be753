"""BCL's memorization against its definition."""

import torch

from ballast.tailness.memorization import memorization
from tests.oracles.memorization import memorization_by_definition


def test_memorization_is_the_standardized_loss_in_unit_range():
    torch.manual_seed(0)
    losses = torch.rand(50) * 3
    m = memorization(losses)
    expected = torch.tensor(memorization_by_definition(losses.tolist()))
    torch.testing.assert_close(m, expected, rtol=1e-4, atol=1e-5)
    assert m.min() >= 0 and m.max() <= 1 and abs(m.mean() - 0.5) < 1e-6
    assert {0.0, 1.0} & {round(m.min().item(), 6), round(m.max().item(), 6)}


def test_equal_losses_are_remembered_alike():
    assert torch.equal(memorization(torch.full((4,), 2.5)), torch.full((4,), 0.5))
