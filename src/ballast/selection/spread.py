"""Division of a budget among clusters, as evenly as their sizes allow (water filling)."""

from torch import Tensor


def spread_evenly(sizes: Tensor, total: int) -> Tensor:
    """Return how many images every cluster gives, int64 [C]: min(size, s) with the level s at which the sum is total.

    What the whole number s leaves over goes to the first clusters that have more, one image each.

    Args:
        sizes: images of every cluster, int64 [C].
        total: images to give, at most the sum of the sizes.
    """
    low, high = 0, int(sizes.max()) if len(sizes) else 0
    while low < high:  # the largest level whose sum is at most the total
        middle = (low + high + 1) // 2
        low, high = (middle, high) if int(sizes.clamp(max=middle).sum()) <= total else (low, middle - 1)
    given = sizes.clamp(max=low)
    more = (sizes > low).nonzero().squeeze(1)[: total - int(given.sum())]
    given[more] += 1
    return given
