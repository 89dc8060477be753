"""Contrastive frameworks: how the views of a batch become projections."""
