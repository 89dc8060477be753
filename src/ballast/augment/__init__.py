"""Augmented views of images: a table of random numbers per epoch, and batched operations that apply it."""
