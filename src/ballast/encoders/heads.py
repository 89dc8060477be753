"""Projection heads: from features h [B, d] to projections z [B, 128] (methods.md 1.1)."""

from torch import nn


def projection_head(features: int, output: int) -> nn.Sequential:
    """Linear(d, d) - BN - ReLU - Linear(d, output, no bias) - BN, the two-layer head of SimCLR, MAK and COLT."""
    return nn.Sequential(
        nn.Linear(features, features), nn.BatchNorm1d(features), nn.ReLU(inplace=True),
        nn.Linear(features, output, bias=False), nn.BatchNorm1d(output))
