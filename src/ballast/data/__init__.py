"""Images: where they come from, how they are split, stored and augmented."""
