"""SDCLR's mask by its definition, and the pruned network written out as a network of its own."""

import copy
import math

from torch import nn


def threshold_by_sorting(weights, fraction):
    """Return the magnitude, a float, below which a fraction of all entries of the weights is pruned."""
    magnitudes = sorted(abs(entry) for weight in weights for entry in weight.flatten().tolist())
    return magnitudes[min(math.ceil(fraction * len(magnitudes)), len(magnitudes) - 1)]


def pruned_copy(model, fraction):
    """Return a copy of a Model whose encoder lacks the fraction of smallest convolution weights."""
    pruned = copy.deepcopy(model)
    convolutions = [module for module in pruned.encoder.modules() if isinstance(module, nn.Conv2d)]
    threshold = threshold_by_sorting([module.weight for module in convolutions], fraction)
    for module in convolutions:
        module.weight.data *= module.weight.abs() >= threshold
    return pruned
