"""The memory of one number per image."""

import torch

from ballast.tailness.memory import remember


def test_memory_takes_the_first_value_and_averages_later_ones():
    memory = torch.full((4,), torch.nan)
    remember(memory, torch.tensor([2, 0]), torch.tensor([1.0, 3.0]), 0.9)
    remember(memory, torch.tensor([2]), torch.tensor([2.0]), 0.9)
    torch.testing.assert_close(memory, torch.tensor([3.0, torch.nan, 1.1, torch.nan]), equal_nan=True)
