"""Projection heads: from features h [B, d] to projections z [B, output].

Two layers as in SimCLR (Chen et al., ICML 2020; docs/methods/simclr.md), MAK and COLT; the released SDCLR has three
(docs/papers.md#head-depth).
"""

from torch import nn


def projection_head(features: int, output: int, layers: int = 2) -> nn.Sequential:
    """Return a head: hidden layers Linear(d, d) - BN - ReLU, then Linear(d, output) - BN.

    Only the first Linear has a bias.

    Args:
        features: d.
        output: length of a projection.
        layers: linear layers, the hidden ones included.
    """
    modules = []
    for layer in range(layers - 1):
        modules += [nn.Linear(features, features, bias=layer == 0), nn.BatchNorm1d(features), nn.ReLU(inplace=True)]
    return nn.Sequential(*modules, nn.Linear(features, output, bias=False), nn.BatchNorm1d(output))


def layers_of(names: list[str]) -> int:
    """Return the number of linear layers of a head whose state dict holds these names."""
    return sum(name.endswith(".running_mean") for name in names)


def first_layer(head: nn.Sequential | nn.Identity) -> nn.Module:
    """Return the first Linear - BN - ReLU of a head, which few-shot fine-tuning keeps; nothing of none.

    Source: MAK (Jiang et al., NeurIPS 2021; docs/protocol.md).
    """
    return head[:3] if isinstance(head, nn.Sequential) else head
