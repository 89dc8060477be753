"""The number of images of a selection that is given as a fraction of the pool."""


def share_of(share: float, pool: int) -> int:
    """Return a fraction of the number of pool images as a whole number, at least 1."""
    return max(1, round(share * pool))
