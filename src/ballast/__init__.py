"""Ballast: self-supervised learning on long-tailed images with the help of an out-of-distribution pool."""
