"""Selections of pool images to train on."""
