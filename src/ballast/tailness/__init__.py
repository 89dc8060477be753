"""Tailness: label-free estimates of how rare an image is, from its embeddings or its losses."""
