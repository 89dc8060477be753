"""Which pool images to train on."""
