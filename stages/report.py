"""Put all methods side by side: table, tidy CSV files for plots, and figures."""

import json
from pathlib import Path

import pandas as pd
from common import parameters, run

from ballast.files import write_atomic
from ballast.report.figures import by_class, by_group, training
from ballast.report.tables import comparison, markdown


def main() -> None:
    shown = parameters().show
    metrics = {name: json.loads(Path(f"metrics/{name}.json").read_text()) for name in shown}
    protocol = {name: json.loads(Path(f"runs/protocol/{name}.json").read_text()) for name in shown}
    table = comparison(metrics)
    groups = table.melt("method", ["Many", "Median", "Few", "All"], "group", "accuracy")
    per_class = _side_by_side("runs/per_class", shown)
    history = _side_by_side("runs/history", [name for name in shown if Path(f"runs/history/{name}.csv").exists()])
    for name, frame in (("table", table), ("groups", groups), ("per_class", per_class), ("history", history)):
        write_atomic(f"results/{name}.csv", frame.to_csv(index=False))
    for name, draw, frame in (("groups", by_group, groups), ("per_class", by_class, per_class),
                              ("history", training, history)):
        write_atomic(f"results/{name}.png", draw(frame))
    write_atomic("results/table.md", markdown(table, list(protocol.values())))


def _side_by_side(folder: str, methods: list[str]) -> pd.DataFrame:
    frames = [pd.read_csv(f"{folder}/{name}.csv").assign(method=name) for name in methods]
    return pd.concat(frames, ignore_index=True)


if __name__ == "__main__":
    run(main)
