"""Score the pool for MAK, for every repeat: tailness by empirical contrastive loss, distance to in-domain images."""

import re
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from ballast.embeddings.clusters import kmeans
from ballast.embeddings.shards import MEMORY, load_shards
from ballast.runtime.device import prepare
from ballast.runtime.errors import BallastError
from ballast.runtime.files import emptied, scratch, write_atomic
from ballast.runtime.tables import write_table
from ballast.selection.proximity import distance_to_centres
from ballast.tailness.ecle import ecle
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.workers import side_by_side

SEEN = re.compile(rb"([0-9a-f]{64}  data/embed/\S+\n)+")  # as stages/embed.py writes it


def main() -> None:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable", profile=("score",))
    repeats = repeats_of(p)
    side_by_side(partial(score, p), repeats, [f"repeat {repeat.number}" for repeat in repeats])
    # Selections by scores look at the embeddings too: the scores name those that they belong to.
    seen = Path("data/pool/seen").read_bytes()
    if not SEEN.fullmatch(seen):
        raise BallastError("data/pool/seen: expected digests of embeddings, got other bytes; run `dvc repro`")
    write_atomic("data/scores/seen", seen)


def score(p, repeat: Repeat) -> None:
    """Write data/scores/<repeat>.parquet."""
    device, settings, cache = prepare(p.threads, p.deterministic), p.profile.score, f"data/embed/{repeat.number}"
    in_domain, pool = (load_shards(f"{cache}/{name}", device) for name in ("in_domain", "pool"))
    passes = sorted(Path(cache, "views").glob("*"))
    if passes:
        views = [load_shards(folder, device, MEMORY / len(passes)) for folder in passes]
        with emptied(scratch(f"score_pool-{repeat.number}")) as place:
            tailness = ecle(views, settings.temperature, settings.repeats, settings.block, repeat.seed, device, place)
        if not bool(tailness.isfinite().all()):
            raise BallastError(f"configs/profiles/{p.profile.name}.yaml: score.temperature: expected one with which "
                               f"every ECLE is finite, got {settings.temperature}; raise it")
    else:
        print("score_pool: no tailness: it needs augmented passes, and the embeddings were given")
        tailness = torch.full((len(pool),), torch.nan)
    distance = distance_to_centres(pool, kmeans(in_domain, settings.centres)[1])
    scores = pd.DataFrame({"pool": range(len(pool)), "ecle": tailness.cpu(), "distance": distance.cpu()})
    write_table(f"data/scores/{repeat.number}.parquet", scores)


if __name__ == "__main__":
    run(main)
