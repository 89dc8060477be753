"""Tables that compare the rows of params.yaml: accuracies, evaluation protocols, and what is known without labels."""

import pandas as pd

COLUMNS = ["Many", "Median", "Few", "Std", "All"]
PROTOCOLS = {"linear": "linear", "imbalanced": "imbalanced", "fewshot": "few-shot", "finetune": "few-shot, fine-tuned",
             "knn": "kNN"}


def comparison(metrics: dict[str, dict[str, float]]) -> pd.DataFrame:
    """Return one row per method, in the given order.

    Args:
        metrics: accuracies by column name for every method; missing ones become NaN.

    Returns:
        Columns method, Many, Median, Few, Std, All.
    """
    return pd.DataFrame([{"method": name, **{key: values.get(key, float("nan")) for key in COLUMNS}}
                         for name, values in metrics.items()])


def label_free(features: dict[str, dict[str, float]], history: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of every method without labels.

    Args:
        features: the geometry of the features (``uniformity``) for every method.
        history: one row per method and epoch; columns method, images, contrastive.

    Returns:
        Columns method, uniformity, and images and contrastive loss of the last epoch.
    """
    table = pd.DataFrame([{"method": name, "uniformity": values["uniformity"]} for name, values in features.items()])
    last = history.groupby("method").last()[["images", "contrastive"]].reset_index()
    return table.merge(last, on="method", how="left")


def by_protocol(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return All and Few of every method under every protocol; ``tables`` holds a comparison for each protocol."""
    columns = {f"{PROTOCOLS[name]}: {column}": table.set_index("method")[column]
               for name, table in tables.items() for column in ("All", "Few")}
    return pd.DataFrame(columns).reset_index()


def relative_likeness(table: pd.DataFrame, reference: str = "pool") -> pd.DataFrame:
    """Divide the likeness of every selection by that of the whole pool.

    A value of 1 is what a random choice has. Above 1, the selection takes more images that resemble the group.

    Args:
        table: columns method, epoch and one for each group; rows in the order of the rounds. The last round counts.
        reference: the method to divide by; its row is left out.

    Returns:
        One row per method; columns method and one for each group.
    """
    last = table.drop(columns="epoch").groupby("method", sort=False).last()
    return (last.drop(index=reference) / last.loc[reference]).reset_index()


def markdown(table: pd.DataFrame, protocols: pd.DataFrame, facts: list[dict[str, str]]) -> str:
    """Return the comparison and the other protocols in Markdown, and below them how the numbers were measured."""
    return "\n".join([as_text(table, ".2f"), "",
                      "Linear probe, top-1 accuracy in percent; a smaller Std is better. The other evaluations:", "",
                      as_text(protocols, ".1f"), "", *_facts(facts)])


def markdown_label_free(table: pd.DataFrame, facts: list[dict[str, str]]) -> str:
    """Return the label-free table in Markdown, and below it how the numbers were measured."""
    return "\n".join([as_text(table, ".3f"), "",
                      "No labels, so no accuracy: uniformity of the features (lower is more uniform), and images and "
                      "contrastive loss of the last epoch.", "", *_facts(facts)])


def as_text(table: pd.DataFrame, numbers: str) -> str:
    """Return a table in Markdown, its numbers in the given format and a dash for each missing value."""
    filled = table.astype(object).where(table.notna(), None)
    return filled.to_markdown(index=False, floatfmt=numbers, missingval="–")


def _facts(facts: list[dict[str, str]]) -> list[str]:
    """Return one line per fact; methods measured differently have their values side by side."""
    lines = []
    for key in facts[0]:
        values = list(dict.fromkeys(str(fact[key]) for fact in facts))
        lines.append(f"- {key}: {'; '.join(values)}")
    return [*lines, ""]
