"""BCL's memorization by its definition."""

import statistics


def memorization_by_definition(losses):
    """Return M_i, a list of floats, from a list of losses."""
    mean = statistics.mean(losses)
    deviation = statistics.stdev(losses)
    a = [(loss - mean) / deviation for loss in losses]
    return [0.5 * value / max(map(abs, a)) + 0.5 for value in a]
