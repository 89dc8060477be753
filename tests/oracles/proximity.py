"""MAK's distance to the nearest centre by loops."""


def distance_by_loops(pool, centres):
    """Return Dist, a list of floats, of unit vectors pool [P, d] and centres [C, d]."""
    return [min(1 - float(h @ centre) for centre in centres) for h in pool]
