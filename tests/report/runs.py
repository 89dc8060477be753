"""Single repeats of rows, for tests of tables and figures."""

import pandas as pd

from ballast.report.tables import COLUMNS

FACTS = [{"groups": "thirds", "seed": 1}, {"groups": "thirds", "seed": 2}]


def runs(rows: dict[str, list[float]], protocol: str = "linear") -> pd.DataFrame:
    """Return the table of single repeats in which all accuracies of a repeat are one number."""
    return pd.DataFrame([{"method": row, "repeat": number, "split": number, "seed": number, "protocol": protocol,
                          **dict.fromkeys(COLUMNS, value)}
                         for row, values in rows.items() for number, value in enumerate(values, 1)])
