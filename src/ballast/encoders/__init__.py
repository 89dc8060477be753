"""Networks: from images to features, from features to projections."""
