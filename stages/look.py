"""Pictures of what every method chose from the pool and of what it left, and where both lie beside the seed images."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from common import run
from settings import parameters

from ballast.data.shards import load_shards
from ballast.data.sources import UNKNOWN
from ballast.data.store import Store, load_array, load_store
from ballast.evaluation.groups import assign
from ballast.files import write_atomic
from ballast.report.sheets import ACROSS, choices, contact_sheet, embedding_maps, plane
from ballast.rng import generator

PARTS = 20_000  # pool images on a map


def main() -> None:
    p = parameters()
    pool, chosen = load_store("data/pool/store"), {}
    for method in p.show:
        for path in (Path(f"runs/{method}/selected.csv"), Path(f"runs/trace/{method}.csv")):
            if path.exists() and len(trace := pd.read_csv(path)):
                chosen[method] = choices(trace)
    rows = []
    for method, table in chosen.items():
        rows.append((f"{method}\nchosen", *_pictures(pool, table[:ACROSS])))
        rest = np.setdiff1d(np.arange(len(pool)), table["pool"])
        left = rest[torch.randperm(len(rest), generator=generator(p.seed, "left", method)).numpy()[:ACROSS]]
        rows.append((f"{method}\nleft", *_pictures(pool, pd.DataFrame({"pool": left, "caption": ""}))))
    write_atomic("results/selected.png", contact_sheet(rows))
    write_atomic("results/map.png", _map(p, {method: table["pool"].to_numpy() for method, table in chosen.items()}))


def _pictures(pool: Store, table: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    views = pool.views(torch.tensor(table["pool"].to_numpy()))
    return (views * 255).round().byte().numpy(), table["caption"].tolist()


def _map(p, chosen: dict[str, np.ndarray]) -> bytes:
    """By the features that MAK goes by; of a large pool a part, beside all that was chosen."""
    labels = load_array("data/labels/train.npy")[load_array("data/split/longtail.npy")]
    group = np.full(len(labels), "")
    if (labels != UNKNOWN).all():
        group = assign(load_array("data/split/counts.npy"), p.dataset["groups"])[labels]
    seed, pool = (load_shards(f"data/embed/{name}") for name in ("seed", "pool"))
    part = torch.randperm(len(pool), generator=generator(p.seed, "map"))[:PARTS].numpy()
    kept = np.unique(np.concatenate([part, *chosen.values()]))
    seed, pool = plane(seed.numpy(), pool[torch.from_numpy(kept)].numpy())
    there = {method: np.searchsorted(kept, index) for method, index in chosen.items()}
    return embedding_maps(seed, group, pool, there)


if __name__ == "__main__":
    run(main)
