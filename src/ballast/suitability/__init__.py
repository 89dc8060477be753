"""Will a pool help? Label-free measures on the embeddings of in-domain and pool images, before any training."""
