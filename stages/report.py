"""Put all methods side by side: tables with errors and verdicts, tidy CSV files, figures, and the papers' numbers."""

from pathlib import Path

import pandas as pd

from ballast.config.rows import pairs
from ballast.config.yaml import read_yaml
from ballast.report.comparisons import by_class, by_group, forest, training
from ballast.report.published import beside, encoder_name
from ballast.report.tables import (
    COLUMNS,
    PROTOCOLS,
    by_protocol,
    label_free,
    markdown,
    markdown_label_free,
    summary,
)
from ballast.report.verdicts import gains, leaders
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.runtime.tables import read_json, read_table
from stages.common.files import tables_of
from stages.common.parameters import parameters
from stages.common.supervise import run

OF_ROW = ("data", "processor")  # facts of a row's numbers, which a table may not mix


def main() -> None:
    p = parameters("show", "compare", "dataset", profile=("network", "pretrain", "sampling"),
                   dataset=("groups", "source"))
    trained = dict(tables_of("history", p.show))
    shown = [name for name in p.show if name not in trained or len(trained[name])]
    if not shown:
        raise BallastError("params.yaml: show: expected a row that has images to train on, got "
                           f"{', '.join(p.show)}; add one")
    metrics = {name: read_json(f"metrics/{name}.json") for name in shown}
    refuse_mixture(metrics)
    runs = side_by_side({name: read_table(f"runs/repeats/{name}.csv", "protocol") for name in shown
                         if "All" in metrics[name]})
    runs = runs.assign(**{fact: metrics[shown[0]][fact] for fact in OF_ROW})
    per_class = side_by_side({name: _per_class(name) for name in shown})
    history = side_by_side({name: trained[name] for name in shown if name in trained})
    found = {name: gains(runs[runs["protocol"] == name], pairs(p.compare)).assign(protocol=name)
             for name in PROTOCOLS if len(runs) and (runs["protocol"] == name).any()}
    verdicts = pd.concat(found.values()) if found else pd.DataFrame(columns=["method", "protocol", "column"])
    facts = [read_json(f"runs/protocol/{name}.json") for name in shown]
    if len(runs):
        table = summary(runs[runs["protocol"] == "linear"])
        text = markdown(table, found["linear"][found["linear"]["column"].isin(["All", "Few"])], facts)
    else:
        table = label_free({name: _geometry(name) for name in shown}, history)
        text = markdown_label_free(table, facts)
    write_tables(repeats=runs, table=table, gains=verdicts.round(4),
                 protocols=by_protocol(runs) if len(runs) else table, groups=long_form(table),
                 per_class=per_class, history=history)
    leading = leaders(runs[runs["protocol"] == "linear"]) if len(runs) else pd.DataFrame()
    for name, picture in (("groups", by_group(table, leading)), ("per_class", by_class(per_class)),
                          ("history", training(history)), ("gains", forest(found.get("linear")))):
        write_atomic(f"results/{name}.png", picture)
    write_atomic("results/table.md", text + tested(p.dataset.source) + overlap())
    papers = summary(runs[runs["protocol"] == "sgd"]) if len(runs) else table
    write_atomic("results/published.md", beside(papers, p.dataset.name, _facts(p)))


def refuse_mixture(metrics: dict[str, dict]) -> None:
    """Refuse rows whose numbers are of different data or processors: a table of them would compare those."""
    for fact in OF_ROW:
        values = {row: values[fact] for row, values in metrics.items()}
        if len(set(values.values())) > 1:
            row, other = next((row, other) for row in values for other in values if values[row] != values[other])
            raise BallastError(f"metrics: expected one {fact} for all rows, got {values[row]} ({row}) and "
                               f"{values[other]} ({other}); run `dvc repro -f evaluate@{row} evaluate@{other}`")


def long_form(table: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracies of a summary with a line for each method and group; empty without labels."""
    if "All" not in table:
        return pd.DataFrame(columns=["method", "group", "accuracy", "se"])
    names = [name for name in COLUMNS if name != "Std"]
    means = table.melt("method", names, "group", "accuracy")
    errors = table.melt("method", [f"{name} se" for name in names], value_name="se")["se"]
    return means.assign(se=errors).dropna(subset="accuracy")


def write_tables(**tables: pd.DataFrame) -> None:
    """Write tables to results/ under their names."""
    for name, table in tables.items():
        write_atomic(f"results/{name}.csv", table.to_csv(index=False))


def tested(source: dict) -> str:
    """Return a line to stand below the table that says which of a user's own labelled images were which."""
    evaluation, test = source.get("evaluation"), source.get("test")
    if evaluation is None:
        return ""
    return (f"- labelled images: classifiers train on {evaluation} and are tested on {test}\n" if test else
            f"- labelled images: classifiers train on half of {evaluation} and are tested on the other half\n")


def overlap() -> str:
    """Return a line to stand below the table where in-domain images are test images too, else nothing."""
    counts = read_json("data/overlap.json", "also in test", "in_domain")
    if not counts["also in test"]:
        return ""
    return (f"- {counts['also in test']} of the {counts['in_domain']} in-domain images have the pixels of a test "
            f"image; test accuracy is too optimistic\n")


def side_by_side(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of several rows as one, with the row as its column ``method``."""
    if not frames:
        return pd.DataFrame(columns=["method"])
    return pd.concat([frame.assign(method=name) for name, frame in frames.items()], ignore_index=True)


def _per_class(row: str) -> pd.DataFrame:
    """Return the accuracies of a row by class; a class may be called NA or null."""
    return read_table(f"runs/per_class/{row}.csv", "class", text="class")


def _geometry(row: str) -> dict:
    """Return what is known of a row without labels."""
    return read_json(f"metrics/protocols/{row}.json", "features")["features"]


def _facts(p) -> dict:
    """Return how our numbers were made, in the terms of the papers."""
    recipes = {path.stem: read_yaml(path) for path in sorted(Path("data/recipes").glob("*/*.yaml"))}
    epochs = {row: recipe["optimization"]["epochs"] for row, recipe in recipes.items()}
    return {"encoder": encoder_name(p.profile.network), "epochs": epochs, "batch": p.profile.pretrain.batch,
            "budget": p.profile.sampling.budget, "groups": p.dataset.groups}


if __name__ == "__main__":
    run(main)
