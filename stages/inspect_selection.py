"""Show what every row chose from the pool: pictures, where it lies beside the in-domain images, to whom it is close.

Pictures are of the first repeat."""

import io
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ballast.embeddings.neighbours import search
from ballast.embeddings.shards import Shards, load_shards
from ballast.evaluation.diagnostics import closeness, closest
from ballast.evaluation.groups import GROUPS, assign
from ballast.evaluation.repeats import mean_and_error
from ballast.images.store import Store, load_store
from ballast.report.sheets import ACROSS, choices, contact_sheet, embedding_maps, plane
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.rng import generator
from ballast.sources.labelled import UNKNOWN
from stages.common.files import in_domain_labels, tables_of, write_metrics
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run

PARTS = 20_000  # pool images on a map
SELECTED = ["row", "repeat", "round", "pool", "path", "cluster", "score", "distance", "cosine", "few", "x", "y"]


def main() -> None:
    p = parameters("repeats", "seed", "split", "portable", "show", dataset=("groups",))
    pool, repeats = load_store("data/pool/all"), repeats_of(p)
    traces = {row: trace for row, trace in tables_of("trace", p.show) if len(trace)}
    first = {row: trace[trace["repeat"] == 1] for row, trace in traces.items()}
    chosen = {method: choices(trace) for method, trace in first.items()}
    write_atomic("results/selected.png", contact_sheet(list(_rows(p.seed, pool, chosen))))
    part = torch.randperm(len(pool), generator=generator(p.seed, "map"))[:PARTS].numpy()
    index = {method: table["pool"].to_numpy() for method, table in chosen.items()}
    in_domain, features = _features(repeats[0])
    write_atomic("results/map.png", _map(in_domain, features, _groups(repeats[0], p.dataset.groups), part, index))
    table = pd.concat([_closeness(repeat, p.dataset.groups, traces) for repeat in repeats], ignore_index=True)
    write_atomic("results/closeness.csv", table.to_csv(index=False))
    buffer = io.BytesIO()
    pd.concat([_selected(repeat, p.dataset.groups, traces) for repeat in repeats]).to_parquet(buffer, index=False)
    write_atomic("data/selected.parquet", buffer.getbuffer())
    last = table.drop(columns="epoch").groupby(["method", "repeat"], sort=False).last()
    write_metrics("metrics/closeness.json", {
        method: mean_and_error(values.dropna(axis=1).to_dict("records"))
        for method, values in last.groupby("method", sort=False)}, digits=4)


def _features(repeat: Repeat) -> list[Tensor | Shards]:
    """Return the features that MAK selects by, of the in-domain and of the pool images."""
    return [load_shards(f"data/embed/{repeat.number}/{name}") for name in ("in_domain", "pool")]


def _rows(seed: int, pool: Store, chosen: dict[str, pd.DataFrame]) -> Iterator[tuple[str, np.ndarray, list[str]]]:
    """Return for every row some of what it chose, then some of what it left."""
    for method, table in chosen.items():
        yield f"{method}\nchosen", *_pictures(pool, table[:ACROSS])
        rest = np.setdiff1d(np.arange(len(pool)), table["pool"])
        left = rest[torch.randperm(len(rest), generator=generator(seed, "left", method)).numpy()[:ACROSS]]
        yield f"{method}\nleft", *_pictures(pool, pd.DataFrame({"pool": left, "caption": ""}))


def _pictures(pool: Store, table: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    views = pool.views(torch.tensor(table["pool"].to_numpy()))
    return (views * 255).round().byte().numpy(), table["caption"].tolist()


def _groups(repeat: Repeat, rule: str) -> np.ndarray:
    """Return the group of every in-domain image; empty names where labels are not known."""
    labels = in_domain_labels(repeat.list("longtail"))
    if (labels == UNKNOWN).any():
        return np.full(len(labels), "")
    return assign(load_array(repeat.list("counts")), rule)[labels]


def _map(in_domain: Tensor, pool: Tensor, group: np.ndarray, part: np.ndarray, chosen: dict[str, np.ndarray]) -> bytes:
    """Draw the features that MAK selects by; of a large pool a part, beside all that was chosen."""
    kept = np.unique(np.concatenate([part, *chosen.values()]))
    shown, pool = plane(in_domain.numpy(), pool[torch.from_numpy(kept)].numpy())
    places = {method: np.searchsorted(kept, index) for method, index in chosen.items()}
    return embedding_maps(shown, group, pool, places)


def _closeness(repeat: Repeat, rule: str, traces: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return how close every choice, and every round, is to each group, by the similarity in these features."""
    in_domain, pool = _features(repeat)
    group = _groups(repeat, rule)
    close = {name: closest(search(pool, in_domain[torch.from_numpy(group == name)], 1)[0][:, 0].numpy())
             for name in GROUPS if (group == name).any()}
    rows = [{"method": method, "epoch": epoch, "repeat": repeat.number,
             **closeness(part["pool"].to_numpy(), close)}
            for method, trace in traces.items()
            for epoch, part in trace[trace["repeat"] == repeat.number].assign(
                epoch=trace.get("epoch", 0)).groupby("epoch")]
    return pd.DataFrame(rows, columns=["method", "epoch", "repeat", *GROUPS]).round(4)


def _selected(repeat: Repeat, rule: str, traces: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a line for every image of every choice: why it was chosen, where it lies on the map, how close to Few."""
    in_domain, pool = _features(repeat)
    own = [trace[trace["repeat"] == repeat.number].assign(row=row) for row, trace in traces.items()]
    table = pd.concat([pd.DataFrame(columns=["epoch", *SELECTED]), *own])
    index, place = np.unique(table["pool"].to_numpy("int64"), return_inverse=True)
    vectors = pool[torch.from_numpy(index)]
    few = in_domain[torch.from_numpy(_groups(repeat, rule) == "Few")]
    close = search(vectors, few, 1)[0][:, 0].numpy() if len(few) and len(index) else np.full(len(index), np.nan)
    at = plane(in_domain.numpy(), vectors.numpy())[1] if len(index) else np.empty((0, 2))
    score = table["q"].astype(float) if "q" in table else np.nan
    return table.assign(repeat=repeat.number, round=table["epoch"].astype("Int64"), score=score,
                        cluster=table["cluster"].astype("Int64"), few=close[place], x=at[place, 0], y=at[place, 1]
                        )[SELECTED].astype({name: float for name in ("score", "distance", "cosine")}).round(4)


if __name__ == "__main__":
    run(main)
