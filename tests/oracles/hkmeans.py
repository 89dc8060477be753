"""The division of a budget over a hierarchy, from the top, by loops."""

from tests.oracles.spread import spread_by_turns


def shares_by_loops(levels, picks):
    """Return what every cluster of the first level gives; levels: the parent of every part of the level below."""
    def size(level, cluster):
        parts = [part for part, parent in enumerate(levels[level]) if parent == cluster]
        return len(parts) if level == 0 else sum(size(level - 1, part) for part in parts)

    def divide(level, clusters, total):
        return dict(zip(clusters, spread_by_turns([size(level, cluster) for cluster in clusters], total)))

    top = len(levels) - 1
    given = divide(top, sorted(set(levels[top])), picks)
    for level in range(top - 1, -1, -1):
        below = {}
        for parent, total in given.items():
            parts = [part for part, of in enumerate(levels[level + 1]) if of == parent]
            below |= divide(level, parts, total)
        given = below
    return [given[cluster] for cluster in sorted(given)]
