"""Cache the embeddings by which pool images are chosen, for every repeat.

They are by an encoder: features of in-domain and pool images, augmented projections. Or they were given, and there are
no augmented ones.
"""

from functools import partial
from pathlib import Path

import torch
from torch.nn.functional import normalize

from ballast.embeddings.given import given
from ballast.embeddings.shards import save_shards
from ballast.encoders.embed import augmentation, blocks
from ballast.encoders.model import load_model
from ballast.images.store import load_store
from ballast.runtime.code import digest
from ballast.runtime.device import prepare
from ballast.runtime.distributed import join_ranks
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.philox import Stream
from ballast.runtime.progress import track
from ballast.runtime.ranks import rank
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.workers import side_by_side


def main(row: str) -> int:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable",
                   profile=("network", "augment", "embed"))
    repeats = repeats_of(p)
    work = give if given(f"runs/{row}") else embed
    images = sum(side_by_side(partial(work, p, row), repeats, [f"repeat {repeat.number}" for repeat in repeats]))
    if rank() == 0:
        write_seen([f"data/embed/{repeat.number}" for repeat in repeats])
    return images


def embed(p, row: str, repeat: Repeat) -> int:
    """Write data/embed/<repeat>; return the number of images that went through the network.

    In-domain and pool images have their features before the head, augmented passes of the pool their projections.
    """
    device, out = join_ranks(prepare(p.threads, p.deterministic)), f"data/embed/{repeat.number}"
    listed = torch.from_numpy(load_array(repeat.list("longtail")))
    decode = p.profile.network.decode
    in_domain = load_store("data/images/train", decode=decode).take(listed).to(device)
    pool = load_store("data/pool/all", device, decode)
    model = load_model(p.profile.network, pool.channels, repeat.start(row)).to(device)
    for number in track(range(p.profile.embed.views), "embed", unit="pass"):
        draw = augmentation(pool, p.profile.augment, Stream(repeat.seed, "embed", number))
        save_shards(f"{out}/views/{number:03}", (z for _, z in blocks(model, pool, draw)))
    for name, store in (("in_domain", in_domain), ("pool", pool)):
        save_shards(f"{out}/{name}", (normalize(h) for h, _ in blocks(model, store)))
    return len(in_domain) + (1 + p.profile.embed.views) * len(pool)


def give(p, row: str, repeat: Repeat) -> int:
    """Write data/embed/<repeat> from embeddings that were given: no image goes through a network."""
    join_ranks(prepare(p.threads, p.deterministic))
    listed = load_array(repeat.list("longtail"))
    for name, matrix in zip(("in_domain", "pool"), given(f"runs/{row}")):
        rows = torch.from_numpy(matrix[listed] if name == "in_domain" else matrix)
        save_shards(f"data/embed/{repeat.number}/{name}", [normalize(rows)])
    return 0


def write_seen(folders: list[str]) -> None:
    """Write data/pool/seen, by which rows with `pool: seen` depend on the embeddings: their digests."""
    lines = [f"{digest(path)}  {path}\n" for folder in folders
             for name in ("in_domain", "pool") for path in sorted(Path(folder, name).iterdir())]
    write_atomic("data/pool/seen", "".join(lines))


if __name__ == "__main__":
    run(main, "ROW", ranks=True)
