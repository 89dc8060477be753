"""Embeddings of many images: shards on disk, exact nearest neighbours, clusters."""
