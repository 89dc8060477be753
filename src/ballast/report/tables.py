"""The comparison of all methods as a table."""

import pandas as pd

COLUMNS = ["Many", "Median", "Few", "Std", "All"]


def comparison(metrics: dict[str, dict[str, float]]) -> pd.DataFrame:
    """One row per method in the given order; columns method, Many, Median, Few, Std, All."""
    return pd.DataFrame([{"method": name, **{key: values[key] for key in COLUMNS}} for name, values in metrics.items()])


def markdown(table: pd.DataFrame, protocols: list[dict[str, str]]) -> str:
    """The table in Markdown, and below it how its numbers were measured."""
    lines = [table.to_markdown(index=False, floatfmt=".2f"), "",
             "Linear probe, top-1 accuracy in percent; a smaller Std is better."]
    for key in protocols[0]:
        values = list(dict.fromkeys(str(protocol[key]) for protocol in protocols))
        lines.append(f"- {key}: {'; '.join(values)}")
    return "\n".join(lines) + "\n"
