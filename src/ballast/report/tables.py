"""The comparison of all methods as tables."""

import pandas as pd

COLUMNS = ["Many", "Median", "Few", "Std", "All"]
PROTOCOLS = {"linear": "linear", "imbalanced": "imbalanced", "fewshot": "few-shot", "finetune": "few-shot, fine-tuned",
             "knn": "kNN"}


def comparison(metrics: dict[str, dict[str, float]]) -> pd.DataFrame:
    """One row per method in the given order; columns method, Many, Median, Few, Std, All."""
    return pd.DataFrame([{"method": name, **{key: values[key] for key in COLUMNS}} for name, values in metrics.items()])


def by_protocol(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All and Few of every method by every protocol; ``tables`` holds a comparison for each."""
    columns = {f"{PROTOCOLS[name]}: {column}": table.set_index("method")[column]
               for name, table in tables.items() for column in ("All", "Few")}
    return pd.DataFrame(columns).reset_index()


def markdown(table: pd.DataFrame, protocols: pd.DataFrame, facts: list[dict[str, str]]) -> str:
    """The comparison and the other protocols in Markdown, and below them how the numbers were measured."""
    lines = [table.to_markdown(index=False, floatfmt=".2f"), "",
             "Linear probe, top-1 accuracy in percent; a smaller Std is better. The other evaluations:", "",
             protocols.to_markdown(index=False, floatfmt=".1f"), ""]
    for key in facts[0]:
        values = list(dict.fromkeys(str(fact[key]) for fact in facts))
        lines.append(f"- {key}: {'; '.join(values)}")
    return "\n".join(lines) + "\n"
