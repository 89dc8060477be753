"""Cache the extractor's view of seed and pool: features of the images as they are, projections of augmented passes."""

import numpy as np
import torch
from common import run
from settings import parameters
from torch.nn.functional import normalize

from ballast.data.draws import contrastive
from ballast.data.store import load_array, load_store
from ballast.device import prepare
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.files import save_array
from ballast.progress import track
from ballast.rng import generator


def main(method: str) -> None:
    p = parameters()
    device = prepare(p.threads)
    seed = load_store("data/images/train").take(torch.from_numpy(load_array("data/split/longtail.npy"))).to(device)
    pool = load_store("data/pool/store", device)
    model = load_model(p.profile["network"], pool.channels, f"runs/{method}").to(device)
    views = []
    for number in track(range(p.profile["embed"]["views"]), "embed", unit="pass"):
        draws = contrastive(len(pool), 1, pool.height, pool.width, p.profile["augment"],
                            generator(p.seed, "embed", number))
        views.append(embed(model, pool, draws)[1].cpu().numpy().astype(np.float16))
    save_array("data/embed/seed.npy", normalize(embed(model, seed)[0]).cpu().numpy())
    save_array("data/embed/pool.npy", normalize(embed(model, pool)[0]).cpu().numpy())
    save_array("data/embed/views.npy", np.stack(views))


if __name__ == "__main__":
    run(main, "METHOD")
