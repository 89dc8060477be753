"""Selections: which images of the pool to train on."""
