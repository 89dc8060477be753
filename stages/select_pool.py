"""Select pool images once, before training: their pixels for the training, their list for people."""

import math

import pandas as pd
import torch

from ballast.embeddings.shards import MEMORY, Shards, load_shards
from ballast.images.store import load_store, read_files, save_store
from ballast.runtime.device import prepare
from ballast.runtime.errors import require
from ballast.runtime.files import write_atomic
from ballast.runtime.rng import generator
from ballast.selection import mak, random
from ballast.selection.kcenter import kcenter_greedy
from stages.settings import parameters
from stages.supervise import run


def main(method: str) -> None:
    p = parameters(method)
    prepare(p.threads, p.deterministic)
    how, budget, images = p.method["select"], p.profile["sampling"]["budget"], load_store("data/pool/store")
    require(budget <= len(images), f"sampling.budget: {budget} is more than the pool's {len(images)} images")
    if how["rule"] == "random":
        chosen = pd.DataFrame({"pool": random.select(len(images), budget, generator(p.seed, "select"))})
    elif how["rule"] == "kcenter":
        seed, pool = _features(limit=math.inf)  # every image is a candidate
        chosen = pd.DataFrame({"pool": kcenter_greedy(pool, seed, budget)})
    else:
        chosen = _by_mak(how, budget)
    save_store(images.take(torch.tensor(chosen["pool"].to_numpy())), f"runs/{method}/selected")
    paths = read_files("data/pool/store")["path"].to_numpy()
    write_atomic(f"runs/{method}/selected.csv", chosen.assign(path=paths[chosen["pool"]]).to_csv(index=False))


def _features(limit: float = MEMORY) -> list[torch.Tensor | Shards]:
    """Unit features of seed and pool before the head."""
    return [load_shards(f"data/embed/{name}", limit=limit) for name in ("seed", "pool")]


def _by_mak(how: dict, budget: int) -> pd.DataFrame:
    """The selection in the order picked, with the scores it goes by."""
    scores = pd.read_csv("data/scores.csv")
    seed, pool = _features()
    tailness, distance = (torch.from_numpy(scores[name].to_numpy("float32")) for name in ("ecle", "distance"))
    q = mak.score(tailness, distance, how["alpha"])
    return scores.assign(q=q).iloc[mak.select(q, pool, seed, budget, how["ratio"]).numpy()]


if __name__ == "__main__":
    run(main, "METHOD")
