"""The comparison of all methods as tables."""

import pandas as pd

COLUMNS = ["Many", "Median", "Few", "Std", "All"]
PROTOCOLS = {"linear": "linear", "imbalanced": "imbalanced", "fewshot": "few-shot", "finetune": "few-shot, fine-tuned",
             "knn": "kNN"}


def comparison(metrics: dict[str, dict[str, float]]) -> pd.DataFrame:
    """One row per method in the given order; columns method, Many, Median, Few, Std, All, NaN where not known."""
    return pd.DataFrame([{"method": name, **{key: values.get(key, float("nan")) for key in COLUMNS}}
                         for name, values in metrics.items()])


def label_free(features: dict[str, dict[str, float]], history: pd.DataFrame) -> pd.DataFrame:
    """What is known of every method without a label: uniformity of its features, and how its training ended."""
    table = pd.DataFrame([{"method": name, "uniformity": values["uniformity"]} for name, values in features.items()])
    last = history.groupby("method").last()[["images", "contrastive"]].reset_index()
    return table.merge(last, on="method", how="left")


def by_protocol(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All and Few of every method by every protocol; ``tables`` holds a comparison for each."""
    columns = {f"{PROTOCOLS[name]}: {column}": table.set_index("method")[column]
               for name, table in tables.items() for column in ("All", "Few")}
    return pd.DataFrame(columns).reset_index()


def markdown(table: pd.DataFrame, protocols: pd.DataFrame, facts: list[dict[str, str]]) -> str:
    """The comparison and the other protocols in Markdown, and below them how the numbers were measured."""
    return "\n".join([_text(table, ".2f"), "",
                      "Linear probe, top-1 accuracy in percent; a smaller Std is better. The other evaluations:", "",
                      _text(protocols, ".1f"), "", *_facts(facts)])


def markdown_label_free(table: pd.DataFrame, facts: list[dict[str, str]]) -> str:
    """The same where nothing is labelled."""
    return "\n".join([_text(table, ".3f"), "",
                      "Without labels: uniformity of the features (lower is more uniform), images of the last epoch "
                      "and its contrastive loss.", "", *_facts(facts)])


def _text(table: pd.DataFrame, numbers: str) -> str:
    shown = table.astype(object).where(table.notna(), None)
    return shown.to_markdown(index=False, floatfmt=numbers, missingval="–")


def _facts(facts: list[dict[str, str]]) -> list[str]:
    lines = []
    for key in facts[0]:
        values = list(dict.fromkeys(str(fact[key]) for fact in facts))
        lines.append(f"- {key}: {'; '.join(values)}")
    return [*lines, ""]
