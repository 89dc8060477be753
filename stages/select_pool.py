"""Select pool images once for every repeat, before training: their pixels for the training, their list for people."""

import math
from functools import partial

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
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.workers import side_by_side


def main(row: str) -> None:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable", profile=("sampling",),
                   method=("select",), row=row)
    repeats = repeats_of(p)
    side_by_side(partial(select, p, row), repeats, [f"{row}, repeat {repeat.number}" for repeat in repeats])


def select(p, row: str, repeat: Repeat) -> None:
    """Write data/pool/<row>/<repeat>, the images and in selected.csv which they are."""
    device = prepare(p.threads, p.deterministic)
    rule, budget = p.method.select["rule"], p.profile.sampling.budget
    images = load_store("data/pool/all")
    if budget > len(images):
        raise BallastError(f"configs/profiles/{p.profile.name}.yaml: sampling.budget: expected at most {len(images)}, "
                           f"the images of the pool, got {budget}; lower it")
    if rule == "random":
        chosen = pd.DataFrame({"pool": random.select(len(images), budget, generator(repeat.seed, "select"))})
    elif rule == "kcenter":
        in_domain, pool = _features(repeat, device, limit=math.inf)  # every image is a candidate
        chosen = pd.DataFrame({"pool": kcenter_greedy(pool, in_domain, budget).cpu()})
    else:
        chosen = _by_mak(p.method.select, budget, row, repeat, device)
    save_store(images.take(torch.tensor(chosen["pool"].to_numpy())), repeat.pool(row))
    paths = read_files("data/pool/all")["path"].to_numpy()
    write_atomic(repeat.selected(row), chosen.assign(path=paths[chosen["pool"]]).to_csv(index=False))


def _features(repeat: Repeat, device: torch.device, limit: float = MEMORY) -> list[torch.Tensor | Shards]:
    """Return the unit features before the head of the in-domain and of the pool images."""
    return [load_shards(f"data/embed/{repeat.number}/{name}", device, limit) for name in ("in_domain", "pool")]


def _by_mak(settings: dict, budget: int, row: str, repeat: Repeat, device: torch.device) -> pd.DataFrame:
    """Return MAK's selection in the order picked, with the scores."""
    scores = pd.read_csv(f"data/scores/{repeat.number}.csv")
    in_domain, pool = _features(repeat, device)
    tailness, distance = (torch.from_numpy(scores[name].to_numpy("float32")) for name in ("ecle", "distance"))
    if settings["alpha"] and tailness.isnan().any():
        raise BallastError(f"params.yaml: methods.{row}.select.alpha: expected 0 with given embeddings, got "
                           f"{settings['alpha']}; tailness needs augmented passes, which only an encoder can make")
    q = mak.score(tailness.nan_to_num(), distance, settings["alpha"])
    return scores.assign(q=q).iloc[mak.select(q, pool, in_domain, budget, settings["ratio"]).numpy()]


if __name__ == "__main__":
    run(main, "ROW")
