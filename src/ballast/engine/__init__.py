"""Features of pools that outgrow one machine: one callable for our loop, for torchrun's ranks, and for Ray Data."""

from ballast.engine.embedder import Embedder

__all__ = ["Embedder"]
