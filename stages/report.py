"""Put all methods side by side: tables, tidy CSV files for plots, figures, and the papers' numbers."""

import json
from pathlib import Path

import pandas as pd

from ballast.config.yaml import read_yaml
from ballast.report.figures import by_class, by_group, training
from ballast.report.published import beside, encoder_name
from ballast.report.tables import PROTOCOLS, by_protocol, comparison, label_free, markdown, markdown_label_free
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from stages.common.files import tables_of
from stages.common.parameters import parameters
from stages.common.supervise import run


def main() -> None:
    p = parameters("show", "dataset", profile=("network", "pretrain", "sampling"), dataset=("groups",))
    trained = dict(tables_of("history", p.show))
    shown = [name for name in p.show if name not in trained or len(trained[name])]
    if not shown:
        raise BallastError("params.yaml: show: expected a row that has images to train on, got "
                           f"{', '.join(p.show)}; add one")
    tables = {protocol: comparison({name: _metrics(protocol, name) for name in shown}) for protocol in PROTOCOLS}
    table, protocols = tables["linear"], by_protocol(tables)
    groups = table.melt("method", ["Many", "Median", "Few", "All"], "group", "accuracy").dropna()
    per_class = _side_by_side({name: pd.read_csv(f"runs/per_class/{name}.csv") for name in shown})
    history = _side_by_side({name: trained[name] for name in shown if name in trained})
    protocols_used = [json.loads(Path(f"runs/protocol/{name}.json").read_text()) for name in shown]
    if table["All"].notna().any():
        text = markdown(table, protocols, protocols_used)
    else:
        table = label_free({name: _metrics("features", name) for name in shown}, history)
        text = markdown_label_free(table, protocols_used)
    for name, frame in (("table", table), ("protocols", protocols), ("groups", groups), ("per_class", per_class),
                        ("history", history)):
        write_atomic(f"results/{name}.csv", frame.to_csv(index=False))
    for name, draw, frame in (("groups", by_group, groups), ("per_class", by_class, per_class),
                              ("history", training, history)):
        write_atomic(f"results/{name}.png", draw(frame, p.show))
    write_atomic("results/table.md", text + overlap())
    write_atomic("results/published.md", beside(table, p.dataset.name, _facts(p)))


def _metrics(protocol: str, method: str) -> dict[str, float]:
    """Return the metrics of a row by a protocol."""
    path = f"metrics/{method}.json" if protocol == "linear" else f"metrics/{protocol}/{method}.json"
    return json.loads(Path(path).read_text())


def overlap() -> str:
    """Return a line to stand below the table where in-domain images are test images too, else nothing."""
    counts = json.loads(Path("data/overlap.json").read_text())
    if not counts["also in test"]:
        return ""
    return (f"- {counts['also in test']} of the {counts['in_domain']} in-domain images have the pixels of a test "
            f"image; test accuracy is too optimistic\n")


def _facts(p) -> dict:
    """Return how our numbers were made, in the terms of the papers."""
    recipes = {path.stem: read_yaml(path) for path in sorted(Path("data/recipes").glob("*/*.yaml"))}
    epochs = {row: recipe["optimization"]["epochs"] for row, recipe in recipes.items()}
    return {"encoder": encoder_name(p.profile.network), "epochs": epochs, "batch": p.profile.pretrain.batch,
            "budget": p.profile.sampling.budget, "groups": p.dataset.groups}


def _side_by_side(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([frame.assign(method=name) for name, frame in frames.items()], ignore_index=True)


if __name__ == "__main__":
    run(main)
