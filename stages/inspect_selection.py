"""Show what every row chose from the pool: pictures, where it lies beside the in-domain images, whom it resembles."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ballast.embeddings.neighbours import search
from ballast.embeddings.shards import load_shards
from ballast.evaluation.diagnostics import likeness
from ballast.evaluation.groups import GROUPS, assign
from ballast.images.store import Store, load_store
from ballast.report.sheets import ACROSS, choices, contact_sheet, embedding_maps, plane
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.rng import generator
from ballast.sources.labelled import UNKNOWN
from stages.common.files import in_domain_labels, tables_of, write_metrics
from stages.common.parameters import parameters
from stages.common.supervise import run

PARTS = 20_000  # pool images on a map


def main() -> None:
    p = parameters("seed", "show", dataset=("groups",))
    pool = load_store("data/pool/all")
    traces = {row: trace for row, trace in tables_of("trace", p.show) if len(trace)}
    chosen = {method: choices(trace) for method, trace in traces.items()}
    write_atomic("results/selected.png", contact_sheet(list(_rows(p.seed, pool, chosen))))
    in_domain, features = (load_shards(f"data/embed/{name}") for name in ("in_domain", "pool"))
    group = _groups(p.dataset.groups)
    part = torch.randperm(len(pool), generator=generator(p.seed, "map"))[:PARTS].numpy()
    index = {method: table["pool"].to_numpy() for method, table in chosen.items()}
    write_atomic("results/map.png", _map(in_domain, features, group, part, index))
    table = _likeness(in_domain, features, group, {"pool": pd.DataFrame({"pool": part}), **traces})
    write_atomic("results/likeness.csv", table.to_csv(index=False))
    last = table.drop(columns="epoch").groupby("method", sort=False).last()
    write_metrics("metrics/likeness.json", last.T.to_dict(), digits=4)


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


def _groups(rule: str) -> np.ndarray:
    """Return the group of every in-domain image; empty names where labels are not known."""
    labels = in_domain_labels()
    if (labels == UNKNOWN).any():
        return np.full(len(labels), "")
    return assign(load_array("data/split/counts.npy"), rule)[labels]


def _map(in_domain: Tensor, pool: Tensor, group: np.ndarray, part: np.ndarray, chosen: dict[str, np.ndarray]) -> bytes:
    """Draw the features that MAK selects by; of a large pool a part, beside all that was chosen."""
    kept = np.unique(np.concatenate([part, *chosen.values()]))
    shown, pool = plane(in_domain.numpy(), pool[torch.from_numpy(kept)].numpy())
    places = {method: np.searchsorted(kept, index) for method, index in chosen.items()}
    return embedding_maps(shown, group, pool, places)


def _likeness(in_domain: Tensor, pool: Tensor, group: np.ndarray, traces: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return which groups every choice, and every round, leans to: by the nearest in-domain image in these features."""
    kept = np.unique(np.concatenate([trace["pool"] for trace in traces.values()]))
    nearest = group[search(pool[torch.from_numpy(kept)], in_domain, 1)[1][:, 0].numpy()]
    rows = [{"method": method, "epoch": epoch, **likeness(nearest[np.searchsorted(kept, part["pool"])], group)}
            for method, trace in traces.items()
            for epoch, part in trace.assign(epoch=trace.get("epoch", 0)).groupby("epoch")]
    return pd.DataFrame(rows, columns=["method", "epoch", *GROUPS]).round(4)


if __name__ == "__main__":
    run(main)
