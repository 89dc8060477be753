"""The magnitude mask against its definition."""

import math

import pytest
import torch

from ballast.encoders.pruned import magnitude_masks


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.9, 0.999, 1.0])
def test_one_threshold_over_all_weights(share):
    torch.manual_seed(0)
    weights = [torch.randn(4, 3, 3, 3), torch.randn(8, 4, 1, 1) * 0.1, torch.randn(5, 8, 3, 3)]
    masks = magnitude_masks(weights, share)
    size = sorted(w for weight in weights for w in weight.abs().flatten().tolist())
    threshold = size[min(math.ceil(share * len(size)), len(size) - 1)]
    for weight, mask in zip(weights, masks):
        assert torch.equal(mask, weight.abs() >= threshold)
    assert any(mask.any() for mask in masks)


def test_equal_weights_are_kept_together():
    assert magnitude_masks([torch.ones(10)], 0.5)[0].all()
