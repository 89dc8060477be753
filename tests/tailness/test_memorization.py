"""BCL's memorization against its definition."""

import statistics

import torch

from ballast.tailness.memorization import memorization


def test_memorization_is_the_standardised_loss_in_unit_range():
    torch.manual_seed(0)
    losses = torch.rand(50) * 3
    mean, deviation = statistics.mean(losses.tolist()), statistics.stdev(losses.tolist())
    a = [(value - mean) / deviation for value in losses.tolist()]
    expected = [0.5 * value / max(map(abs, a)) + 0.5 for value in a]
    m = memorization(losses)
    torch.testing.assert_close(m, torch.tensor(expected), rtol=1e-4, atol=1e-5)
    assert m.min() >= 0 and m.max() <= 1 and abs(m.mean() - 0.5) < 1e-6
    assert {0.0, 1.0} & {round(m.min().item(), 6), round(m.max().item(), 6)}


def test_equal_losses_are_remembered_alike():
    assert torch.equal(memorization(torch.full((4,), 2.5)), torch.full((4,), 0.5))
