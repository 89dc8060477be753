"""Select pool images once, before training: their pixels for the training, their list for people."""

import math

import pandas as pd
import torch

from ballast.embeddings.shards import MEMORY, Shards, load_shards
from ballast.images.folder import read_files
from ballast.images.store import load_store, save_store
from ballast.runtime.device import prepare
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.runtime.rng import generator
from ballast.selection import mak, random
from ballast.selection.kcenter import kcenter_greedy
from stages.common.parameters import parameters
from stages.common.supervise import run


def main(row: str) -> None:
    p = parameters("seed", "threads", "deterministic", profile=("sampling",), method=("select",), row=row)
    prepare(p.threads, p.deterministic)
    select, budget = p.method.select, p.profile.sampling.budget
    images = load_store("data/pool/all")
    if budget > len(images):
        raise BallastError(f"configs/profiles/{p.profile.name}.yaml: sampling.budget: expected at most {len(images)}, "
                           f"the images of the pool, got {budget}; lower it")
    if select["rule"] == "random":
        chosen = pd.DataFrame({"pool": random.select(len(images), budget, generator(p.seed, "select"))})
    elif select["rule"] == "kcenter":
        in_domain, pool = _features(limit=math.inf)  # every image is a candidate
        chosen = pd.DataFrame({"pool": kcenter_greedy(pool, in_domain, budget)})
    else:
        chosen = _by_mak(select, budget)
    save_store(images.take(torch.tensor(chosen["pool"].to_numpy())), f"data/pool/{row}")
    paths = read_files("data/pool/all")["path"].to_numpy()
    write_atomic(f"runs/{row}/selected.csv", chosen.assign(path=paths[chosen["pool"]]).to_csv(index=False))


def _features(limit: float = MEMORY) -> list[torch.Tensor | Shards]:
    """Return the unit features before the head of the in-domain and of the pool images."""
    return [load_shards(f"data/embed/{name}", limit=limit) for name in ("in_domain", "pool")]


def _by_mak(select: dict, budget: int) -> pd.DataFrame:
    """Return MAK's selection in the order picked, with the scores."""
    scores = pd.read_csv("data/scores.csv")
    in_domain, pool = _features()
    tailness, distance = (torch.from_numpy(scores[name].to_numpy("float32")) for name in ("ecle", "distance"))
    q = mak.score(tailness, distance, select["alpha"])
    return scores.assign(q=q).iloc[mak.select(q, pool, in_domain, budget, select["ratio"]).numpy()]


if __name__ == "__main__":
    run(main, "ROW")
