"""Augmented views of images: random numbers for the images at hand, and batched operations that apply them."""
