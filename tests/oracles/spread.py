"""Division of a budget: one image after another to the cluster that has given the fewest and has some left."""


def spread_by_turns(sizes, total):
    """Return what every cluster gives as a list."""
    given = [0] * len(sizes)
    for _ in range(total):
        left = [c for c in range(len(sizes)) if given[c] < sizes[c]]
        given[min(left, key=lambda c: (given[c], c))] += 1
    return given
