"""Embeddings of many images: files on disk, exact nearest neighbours, clusters."""
