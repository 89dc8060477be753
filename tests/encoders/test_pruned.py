"""SDCLR's magnitude mask against its definition."""

import pytest
import torch

from ballast.encoders.pruned import magnitude_masks
from tests.oracles.pruned import threshold_by_sorting


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.3, 0.5, 0.9, 0.999, 1.0])
def test_one_threshold_over_all_weights(fraction):
    torch.manual_seed(0)
    weights = [torch.randn(4, 3, 3, 3), torch.randn(8, 4, 1, 1) * 0.1, torch.randn(5, 8, 3, 3)]
    masks = magnitude_masks(weights, fraction)
    threshold = threshold_by_sorting(weights, fraction)
    for weight, mask in zip(weights, masks):
        assert torch.equal(mask, weight.abs() >= threshold)
    assert any(mask.any() for mask in masks)


def test_equal_weights_are_kept_together():
    assert magnitude_masks([torch.ones(10)], 0.5)[0].all()
