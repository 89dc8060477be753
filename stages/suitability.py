"""Ask whether the pool can help, from the embeddings that choose, and look for evaluation images by features."""

from functools import partial

import pandas as pd
from torch import Tensor
from torch.nn.functional import normalize

from ballast.embeddings.given import given
from ballast.embeddings.shards import load_shards
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.evaluation.repeats import mean_and_error
from ballast.images.folder import read_files
from ballast.images.store import load_store
from ballast.runtime.device import prepare
from ballast.runtime.files import write_atomic
from ballast.suitability.leaks import leaks, views
from ballast.suitability.measure import suitability
from ballast.suitability.page import page
from stages.common.files import write_metrics
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.workers import side_by_side

FEWEST = 20  # in-domain images that have clusters and neighbours


def main(row: str) -> None:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable", profile=("network",))
    repeats = repeats_of(p)
    measured = side_by_side(partial(measure, p), repeats, [f"repeat {repeat.number}" for repeat in repeats])
    found = [values for values, _, _ in measured if values]
    leaked = leaked_by(p, row, repeats[0])
    write_metrics("metrics/suitability.json", mean_and_error(found), digits=4)
    write_atomic("results/leaks.csv", leaked.to_csv(index=False))
    values, clusters, sizes = measured[0]
    text = page(values, clusters, leaked, *sizes) if values else (
        f"Fewer than {FEWEST} in-domain images: the pool was not measured.\n")
    write_atomic("results/suitability.md", text)


def measure(p, repeat: Repeat) -> tuple[dict[str, float], pd.DataFrame, tuple[int, int]]:
    """Return the measures of one repeat, its clusters, and the numbers of in-domain and pool images."""
    prepare(p.threads, p.deterministic)
    in_domain, pool = embeddings(repeat)
    sizes = len(in_domain), len(pool)
    if len(in_domain) < FEWEST:
        return {}, pd.DataFrame(), sizes
    found, clusters = suitability(in_domain, pool, repeat.seed)
    return found.rounded(), clusters, sizes


def embeddings(repeat: Repeat) -> list[Tensor]:
    """Return the embeddings of in-domain and pool images by which rows choose."""
    return [load_shards(f"data/embed/{repeat.number}/{name}") for name in ("in_domain", "pool")]


def leaked_by(p, row: str, repeat: Repeat) -> pd.DataFrame:
    """Return pool images that are near duplicates of test images by an encoder's features, with their files.

    Without test images, or with embeddings that were given, there is nothing to compare.
    """
    device = prepare(p.threads, p.deterministic)
    images = load_store("data/images/test", device, p.profile.network.decode)
    in_domain, pool = embeddings(repeat)
    if not len(images) or given(f"runs/{row}") or len(in_domain) < FEWEST:
        return pd.DataFrame(columns=["pool", "other", "cosine", "path"])
    model = load_model(p.profile.network, images.channels, repeat.start(row)).to(device)
    shown = [normalize(embed(model, images, draw)[0]).cpu() for draw in views(images)]
    found = leaks(pool, in_domain, shown)
    return found.assign(path=read_files("data/pool/all")["path"].to_numpy()[found["pool"]])


if __name__ == "__main__":
    run(main, "ROW")
