"""Cache the extractor's view of seed and pool: features of the images as they are, projections of augmented passes."""

import torch
from common import run
from settings import parameters
from torch.nn.functional import normalize

from ballast.data.draws import contrastive
from ballast.data.shards import save_shards
from ballast.data.store import load_array, load_store
from ballast.device import prepare
from ballast.distributed import start, stop
from ballast.encoders.embed import blocks
from ballast.encoders.model import load_model
from ballast.progress import track
from ballast.rng import generator


def main(method: str) -> int:
    p = parameters()
    device = start(prepare(p.threads, p.deterministic))
    seed = load_store("data/images/train").take(torch.from_numpy(load_array("data/split/longtail.npy"))).to(device)
    pool = load_store("data/pool/store", device)
    model = load_model(p.profile["network"], pool.channels, f"runs/{method}").to(device)
    for number in track(range(p.profile["embed"]["views"]), "embed", unit="pass"):
        draws = contrastive(len(pool), 1, pool.height, pool.width, p.profile["augment"],
                            generator(p.seed, "embed", number))
        save_shards(f"data/embed/views/{number:03}", (z for _, z in blocks(model, pool, draws)))
    for name, images in (("seed", seed), ("pool", pool)):
        save_shards(f"data/embed/{name}", (normalize(h) for h, _ in blocks(model, images)))
    stop()
    return len(seed) + (1 + p.profile["embed"]["views"]) * len(pool)


if __name__ == "__main__":
    run(main, "METHOD", ranks=True)
