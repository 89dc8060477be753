"""Put all methods side by side: tables, tidy CSV files for plots, figures, and the papers' numbers."""

import json
from pathlib import Path

import pandas as pd

from ballast.config.merge import merged
from ballast.report.figures import by_class, by_group, training
from ballast.report.published import beside, encoder_name
from ballast.report.tables import PROTOCOLS, by_protocol, comparison, label_free, markdown, markdown_label_free
from ballast.runtime.files import write_atomic
from stages.settings import parameters
from stages.supervise import run


def main() -> None:
    p = parameters()
    trained = {name: pd.read_csv(path) for name in p.show if (path := Path(f"runs/history/{name}.csv")).exists()}
    shown = [name for name in p.show if name not in trained or len(trained[name])]
    tables = {protocol: comparison({name: _metrics(protocol, name) for name in shown}) for protocol in PROTOCOLS}
    table, protocols = tables["linear"], by_protocol(tables)
    groups = table.melt("method", ["Many", "Median", "Few", "All"], "group", "accuracy").dropna()
    per_class = _side_by_side({name: pd.read_csv(f"runs/per_class/{name}.csv") for name in shown})
    history = _side_by_side({name: trained[name] for name in shown if name in trained})
    how = [json.loads(Path(f"runs/protocol/{name}.json").read_text()) for name in shown]
    if table["All"].notna().any():
        text = markdown(table, protocols, how)
    else:
        table = label_free({name: _metrics("features", name) for name in shown}, history)
        text = markdown_label_free(table, how)
    for name, frame in (("table", table), ("protocols", protocols), ("groups", groups), ("per_class", per_class),
                        ("history", history)):
        write_atomic(f"results/{name}.csv", frame.to_csv(index=False))
    for name, draw, frame in (("groups", by_group, groups), ("per_class", by_class, per_class),
                              ("history", training, history)):
        write_atomic(f"results/{name}.png", draw(frame))
    write_atomic("results/table.md", text)
    write_atomic("results/published.md", beside(table, p.dataset_name, _facts(p)))


def _metrics(protocol: str, method: str) -> dict[str, float]:
    """Many, Median, Few, Std, All; the neighbours' are one level down, under k and temperature."""
    path = f"metrics/{method}.json" if protocol == "linear" else f"metrics/{protocol}/{method}.json"
    values = json.loads(Path(path).read_text())
    nested = [value for value in values.values() if isinstance(value, dict)]
    return nested[0] if nested else values


def _facts(p) -> dict:
    """How our numbers were made, in the terms of the papers."""
    epochs = {name: merged(p.profile["pretrain"], row["pretrain"], p.profile["tuned"][name])["epochs"]
              for name, row in p.methods.items()}
    return {"encoder": encoder_name(p.profile["network"]), "epochs": epochs, "batch": p.profile["pretrain"]["batch"],
            "budget": p.profile["sampling"]["budget"], "groups": p.dataset["groups"]}


def _side_by_side(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([frame.assign(method=name) for name, frame in frames.items()], ignore_index=True)


if __name__ == "__main__":
    run(main)
