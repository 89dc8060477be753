"""Score the pool for MAK: tailness by empirical contrastive loss, and distance to the in-domain images."""

from pathlib import Path

import pandas as pd

from ballast.embeddings.clusters import kmeans
from ballast.embeddings.shards import MEMORY, load_shards
from ballast.runtime.device import prepare
from ballast.runtime.files import write_atomic
from ballast.selection.proximity import distance_to_centres
from ballast.tailness.ecle import ecle
from stages.common.parameters import parameters
from stages.common.supervise import run


def main() -> None:
    p = parameters("seed", "threads", "deterministic", profile=("score",))
    device, score = prepare(p.threads, p.deterministic), p.profile.score
    in_domain, pool = (load_shards(f"data/embed/{name}", device) for name in ("in_domain", "pool"))
    passes = sorted(Path("data/embed/views").iterdir())
    views = [load_shards(folder, device, MEMORY / len(passes)) for folder in passes]
    tailness = ecle(views, score.temperature, score.repeats, score.block, p.seed)
    distance = distance_to_centres(pool, kmeans(in_domain, score.centres)[1])
    scores = pd.DataFrame({"pool": range(len(pool)), "ecle": tailness.cpu(), "distance": distance.cpu()})
    write_atomic("data/scores.csv", scores.to_csv(index=False))


if __name__ == "__main__":
    run(main)
