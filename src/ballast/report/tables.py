"""Tables that compare the rows of params.yaml: accuracies with their errors, gains with verdicts, other protocols."""

import numpy as np
import pandas as pd

COLUMNS = ["Many", "Median", "Few", "Std", "All"]
PROTOCOLS = {
    "linear": "linear", "fewshot": "few-shot", "imbalanced": "imbalanced", "svm": "SVM", "svm-fewshot": "few-shot SVM",
    "svm-imbalanced": "imbalanced SVM", "knn": "kNN", "knn1": "kNN@1", "knn10": "kNN@10", "sgd": "SGD",
    "sgd-fewshot": "few-shot SGD", "sgd-imbalanced": "imbalanced SGD", "finetune": "fine-tuned"}
LISTS = {  # what the classifiers of a protocol train on
    "many images per class": ("linear", "svm", "knn", "sgd"),
    "a few images per class": ("fewshot", "svm-fewshot", "sgd-fewshot", "finetune"),
    "the long-tailed images": ("imbalanced", "svm-imbalanced", "sgd-imbalanced", "knn1", "knn10")}
OF_RUN = ["repeat", "split", "seed", "protocol"]  # what a line of the table of single repeats says of itself


def summary(runs: pd.DataFrame, by: str = "method", columns: list[str] = COLUMNS) -> pd.DataFrame:
    """Return the mean over repeats and its standard error, a line for each method in the order of the runs.

    Args:
        runs: one line per method and repeat.
        by: the column to group by.
        columns: what to average.

    Returns:
        Columns method, those asked for, and "<column> se" for each, NaN for one repeat.
    """
    groups = runs.groupby(by, sort=False)[columns]
    errors = groups.std(ddof=1) / np.sqrt(groups.count())
    return pd.concat([groups.mean(), errors.add_suffix(" se")], axis=1).round(4).reset_index()


def with_errors(table: pd.DataFrame, digits: int = 1) -> pd.DataFrame:
    """Return a table of ``summary`` as text, "88.3 ± 0.6" or, where there is no error, "88.3"."""
    shown = table[[name for name in table.columns if not name.endswith(" se")]].copy()
    for name in shown.columns:
        if f"{name} se" in table:
            shown[name] = [mean_and_error(mean, error, digits) for mean, error in zip(table[name], table[f"{name} se"])]
    return shown


def mean_and_error(mean: float, error: float, digits: int = 1) -> str:
    """Return "mean ± standard error"; the mean alone where no error is known, a dash where there is no mean."""
    if pd.isna(mean):
        return "–"
    return f"{mean:.{digits}f}" + ("" if pd.isna(error) else f" ± {error:.{digits}f}")


def by_protocol(runs: pd.DataFrame) -> pd.DataFrame:
    """Return All and Few, each with its error, of every method under every protocol that was measured.

    runs: the table of single repeats, with a column method.
    """
    parts = []
    for name, label in PROTOCOLS.items():
        part = summary(runs[runs["protocol"] == name], columns=["All", "Few"]).set_index("method")
        if len(part):
            part = part[["All", "All se", "Few", "Few se"]]
            parts.append(part.set_axis([f"{label}: {column}" for column in part.columns], axis=1))
    return pd.concat(parts, axis=1).reset_index() if parts else pd.DataFrame(columns=["method"])


def gains_as_text(gains: pd.DataFrame) -> pd.DataFrame:
    """Return the gains of verdicts.gains as text: a line for each pair, a cell for each column of accuracies.

    A cell holds the gain, its 95 % interval and the verdict; where it cannot be told, how many repeats would tell one
    point.
    """
    rows: dict[str, dict[str, str]] = {}
    for line in gains.itertuples():
        cells = rows.setdefault(f"{line.method} over {line.over}", {})
        cells[line.column] = gain_as_text(line)
    return pd.DataFrame([{"gain of": pair, **cells} for pair, cells in rows.items()])


def gain_as_text(line) -> str:
    """Return one line of verdicts.gains as a cell."""
    if pd.isna(line.se):
        return f"{line.gain:+.1f} (one repeat: no error)"
    text = f"{line.gain:+.1f} [{line.low:+.1f}, {line.high:+.1f}] {line.verdict}"
    return text if pd.isna(line.repeats_needed) else f"{text} ({int(line.repeats_needed)})"


def agreement(gains: dict[str, pd.DataFrame], column: str = "All") -> pd.DataFrame:
    """Return the verdicts on a column of every pair by every protocol: + better, - worse, . cannot tell.

    gains: by protocol, what verdicts.gains returned.
    """
    signs = {"better": "+", "worse": "-", "cannot tell": "."}
    table = {PROTOCOLS[name]: part[part["column"] == column].assign(
        pair=lambda lines: lines["method"] + " over " + lines["over"]).set_index("pair")["verdict"].map(signs)
        for name, part in gains.items()}
    return pd.DataFrame(table).rename_axis("gain of").reset_index()


def contradictions(table: pd.DataFrame) -> list[str]:
    """Return a line for each pair of ``agreement`` on which another protocol has the opposite of the linear verdict."""
    opposite = {"+": "-", "-": "+"}
    lines = []
    for row in table.to_dict("records"):
        names = [name for name, sign in row.items() if sign == opposite.get(row["linear"])]
        if names:
            lines.append(f"{row['gain of']}: the opposite by {', '.join(names)}")
    return lines


def label_free(features: dict[str, dict], history: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of every method without labels.

    Args:
        features: the geometry of the features (``uniformity``) for every method, with ``se`` where it is known.
        history: a line per method, repeat and epoch; columns method, repeat, images, contrastive.

    Returns:
        Columns method, uniformity, its error, and images and contrastive loss of the last epoch, means over repeats.
    """
    table = pd.DataFrame([{"method": name, "uniformity": values["uniformity"],
                           "uniformity se": values.get("se", {}).get("uniformity", np.nan)}
                          for name, values in features.items()])
    last = history.groupby(["method", "repeat"], sort=False).last().groupby("method")[["images", "contrastive"]].mean()
    return table.merge(last.reset_index(), on="method", how="left")


def of_last_round(closeness: pd.DataFrame) -> pd.DataFrame:
    """Return how close the last round of every method is to each group, mean and error over repeats.

    closeness: columns method, epoch, repeat and one for each group; lines in the order of the rounds.
    """
    last = closeness.groupby(["method", "repeat"], sort=False).last().reset_index()
    return summary(last, columns=[name for name in closeness.columns if name not in ("method", "epoch", "repeat")])


VERDICTS = ("Gains over the same repeats, each with its own 95 % interval (Student's t), which is for other splits and "
            "seeds on the same test images. A verdict holds for all pairs of its column together (Holm, 5 %), so an "
            "interval may leave out 0 and the verdict still be \"cannot tell\". In brackets: how many repeats would "
            "tell a difference of one point in that pair alone.")


def markdown(table: pd.DataFrame, gains: pd.DataFrame, facts: list[dict[str, str]]) -> str:
    """Return the comparison and the verdicts in Markdown, and below them how the numbers were measured."""
    one = table["All se"].isna().all()
    how = "one repeat: no error bar, no verdict" if one else "mean ± standard error over the repeats"
    lines = [as_text(with_errors(table)), "", f"Accuracy in percent ({how}); a smaller Std is better.", ""]
    if len(gains):
        lines += [as_text(gains_as_text(gains)), "", *([] if one else [VERDICTS, ""])]
    return "\n".join([*lines, *_facts(facts)])


def markdown_label_free(table: pd.DataFrame, facts: list[dict[str, str]]) -> str:
    """Return the label-free table in Markdown, and below it how the numbers were measured."""
    return "\n".join([as_text(with_errors(table, 3), ".3f"), "",
                      "No labels, so no accuracy: uniformity of the features (lower is more uniform), and images and "
                      "contrastive loss of the last epoch.", "", *_facts(facts)])


def as_text(table: pd.DataFrame, numbers: str = ".2f") -> str:
    """Return a table in Markdown, its numbers in the given format and a dash for each missing value; text stays."""
    filled = table.astype(object).where(table.notna(), None)
    text = [place for place, name in enumerate(table) if not pd.api.types.is_numeric_dtype(table[name])]
    return filled.to_markdown(index=False, floatfmt=numbers, missingval="–", disable_numparse=text)


def _facts(facts: list[dict[str, str]]) -> list[str]:
    """Return one line per fact; methods measured differently have their values side by side."""
    lines = []
    for key in facts[0]:
        values = list(dict.fromkeys(str(fact[key]) for fact in facts))
        lines.append(f"- {key}: {'; '.join(values)}")
    return [*lines, ""]
