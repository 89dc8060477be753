"""Networks: from images to features (encoder), from features to projections (head)."""
