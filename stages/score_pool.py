"""Score the pool for MAK: tailness by empirical contrastive loss, and distance to the seed set."""

from pathlib import Path

import pandas as pd

from ballast.embeddings.clusters import kmeans
from ballast.embeddings.shards import MEMORY, load_shards
from ballast.runtime.device import prepare
from ballast.runtime.files import write_atomic
from ballast.selection.proximity import distance_to_seed
from ballast.tailness.ecle import ecle
from stages.settings import parameters
from stages.supervise import run


def main() -> None:
    p = parameters()
    device, how = prepare(p.threads, p.deterministic), p.profile["score"]
    seed, pool = (load_shards(f"data/embed/{name}", device) for name in ("seed", "pool"))
    passes = sorted(Path("data/embed/views").iterdir())
    views = [load_shards(folder, device, MEMORY / len(passes)) for folder in passes]
    tailness = ecle(views, how["temperature"], how["repeats"], how["block"], p.seed)
    distance = distance_to_seed(pool, kmeans(seed, how["centres"])[1])
    scores = pd.DataFrame({"pool": range(len(pool)), "ecle": tailness.cpu(), "distance": distance.cpu()})
    write_atomic("data/scores.csv", scores.to_csv(index=False))


if __name__ == "__main__":
    run(main)
