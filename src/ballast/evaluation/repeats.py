"""Results of the repeats of a row: the tidy table of single repeats, and their mean with its standard error."""

import numpy as np
import pandas as pd


def mean_and_error(values: list[dict[str, float]]) -> dict:
    """Return the mean of every quantity over repeats, and under ``se`` the standard errors of these means.

    Args:
        values: of each repeat, the quantities by name.

    Returns:
        Without ``se`` for one repeat, of which no error is known; empty where there is nothing.
    """
    table = pd.DataFrame(values)
    if table.empty:
        return {}
    means = table.mean().to_dict()
    if len(table) < 2:
        return means
    return {**means, "se": (table.std(ddof=1) / np.sqrt(len(table))).to_dict()}


def numbers(values: list[int]) -> str:
    """Return consecutive numbers as text: 1 or 1-4."""
    return str(values[0]) if len(values) == 1 else f"{values[0]}-{values[-1]}"
