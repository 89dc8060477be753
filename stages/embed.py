"""Cache embeddings by an extractor: features of in-domain and pool images, and projections of augmented pool passes."""

import torch
from torch.nn.functional import normalize

from ballast.augment.draws import contrastive
from ballast.embeddings.shards import save_shards
from ballast.encoders.embed import blocks
from ballast.encoders.model import load_model
from ballast.images.store import load_store
from ballast.runtime.device import prepare
from ballast.runtime.distributed import join_ranks, leave_ranks
from ballast.runtime.files import load_array
from ballast.runtime.progress import track
from ballast.runtime.rng import generator
from stages.common.parameters import parameters
from stages.common.supervise import run


def main(row: str) -> int:
    p = parameters("seed", "threads", "deterministic", profile=("network", "augment", "embed"))
    device = join_ranks(prepare(p.threads, p.deterministic))
    images = load_store("data/images/train")
    in_domain = images.take(torch.from_numpy(load_array("data/split/longtail.npy"))).to(device)
    pool = load_store("data/pool/all", device)
    model = load_model(p.profile.network, pool.channels, f"runs/{row}").to(device)
    for number in track(range(p.profile.embed.views), "embed", unit="pass"):
        draws = contrastive(len(pool), 1, pool.height, pool.width, p.profile.augment,
                            generator(p.seed, "embed", number))
        save_shards(f"data/embed/views/{number:03}", (z for _, z in blocks(model, pool, draws)))
    for name, store in (("in_domain", in_domain), ("pool", pool)):
        save_shards(f"data/embed/{name}", (normalize(h) for h, _ in blocks(model, store)))
    leave_ranks()
    return len(in_domain) + (1 + p.profile.embed.views) * len(pool)


if __name__ == "__main__":
    run(main, "ROW", ranks=True)
