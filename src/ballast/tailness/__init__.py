"""How rare an image looks to the encoder, from its embeddings alone."""
