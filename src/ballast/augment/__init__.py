"""Views of images: the random numbers of an epoch, and batched augmentation by them."""
