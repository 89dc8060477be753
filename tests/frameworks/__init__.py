"""Contrastive frameworks."""
