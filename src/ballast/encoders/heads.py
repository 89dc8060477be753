"""Projection heads: from features h [B, d] to projections z [B, 128] (methods.md 1.1, 1.2)."""

from itertools import chain

from torch import nn


def projection_head(features: int, output: int, layers: int = 2) -> nn.Sequential:
    """Linear(d, d) - BN - ReLU - Linear(d, output, no bias) - BN, the two-layer head of SimCLR, MAK and COLT.

    With three layers, as in the released SDCLR (item D12), a further Linear(d, d, no bias) - BN - ReLU comes between.
    """
    hidden = ((nn.Linear(features, features, bias=layer == 0), nn.BatchNorm1d(features), nn.ReLU(inplace=True))
              for layer in range(layers - 1))
    return nn.Sequential(*chain.from_iterable(hidden), nn.Linear(features, output, bias=False), nn.BatchNorm1d(output))


def layers_of(names: list[str]) -> int:
    """How many linear layers a head with these parameter names has."""
    return sum(name.endswith(".running_mean") for name in names)


def first_layer(head: nn.Sequential) -> nn.Sequential:
    """Linear - BN - ReLU, from where few-shot fine-tuning starts (methods.md 3.2)."""
    return head[:3]
