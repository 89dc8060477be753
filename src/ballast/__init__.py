"""Ballast: self-supervised learning on long-tailed images with the help of an out-of-distribution pool.

``from ballast import load_encoder`` reads a trained encoder; everything else stands in a module of its own.
"""

from importlib import import_module
from typing import Any

__all__ = ["load_encoder"]


def __getattr__(name: str) -> Any:
    """Import ``load_encoder`` at its first use, so that ``import ballast`` does not wait for torch."""
    if name == "load_encoder":
        return import_module("ballast.encoders.model").load_encoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
