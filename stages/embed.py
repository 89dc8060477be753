"""Cache the embeddings by which pool images are chosen, for every repeat.

They are by an encoder: features of in-domain and pool images, augmented projections. Or they were given, and there are
no augmented ones.
"""

import hashlib
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import normalize

from ballast.embeddings.given import given
from ballast.embeddings.shards import ROWS, save_shards
from ballast.encoders.embed import Drawing, augmentation, batches, of_batches
from ballast.encoders.model import Model, load_model
from ballast.images.store import Store, load_store
from ballast.runtime.code import digest
from ballast.runtime.device import prepare
from ballast.runtime.distributed import join_ranks, summed, world_size
from ballast.runtime.files import load_array, save_array, write_atomic
from ballast.runtime.host import arriving
from ballast.runtime.philox import Stream
from ballast.runtime.progress import track
from ballast.runtime.ranks import rank
from stages.common.files import weights_of
from stages.common.finished import brought_back, keep, key
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.workers import side_by_side


class Pass(NamedTuple):
    """Images that are embedded: their projections with an augmentation, or their features without."""

    images: Store
    draw: Drawing | None = None


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

    In-domain and pool images have their features before the head, augmented passes of the pool their projections. Each
    rank makes files of its own. A file that is finished is kept, so that a run that was killed makes only the others.
    """
    device = join_ranks(prepare(p.threads, p.deterministic))
    passes = passes_of(p, repeat, device)
    model = load_model(p.profile.network, passes["pool"].images.channels, repeat.start(row)).to(device)
    facts = {**vars(p), "repeats": None, "split": None, "seed": repeat.seed}  # of all repeats only its own
    inputs = ["data/images/train", "data/pool/all", repeat.list("longtail"), *weights_of(repeat.start(row))]
    made_from, done = key(facts, inputs, "stages/embed.py"), 0
    files = [(name, number) for name, part in passes.items() for number in range(-(-len(part.images) // ROWS))]
    for name, number in track(files[rank() :: world_size()], "embed", unit="file"):
        path = f"data/embed/{repeat.number}/{name}/{number:05}.npy"
        its_key = hashlib.sha256(f"{made_from} {name} {number}".encode()).hexdigest()
        if not brought_back(its_key, [path]):
            done += write(path, model, passes[name], number)
            keep(its_key, [path])
    return int(summed(torch.tensor(done, device=device)))


def passes_of(p, repeat: Repeat, device: torch.device) -> dict[str, Pass]:
    """Return what is embedded, by the name of its folder."""
    listed = torch.from_numpy(load_array(repeat.list("longtail")))
    decode = p.profile.network.decode
    in_domain = load_store("data/images/train", decode=decode).take(listed).to(device)
    pool = load_store("data/pool/all", device, decode)
    streams = [Stream(repeat.seed, "embed", number) for number in range(p.profile.embed.views)]
    views = [Pass(pool, augmentation(pool, p.profile.augment, stream)) for stream in streams]
    return {**{f"views/{number:03}": view for number, view in enumerate(views)}, "in_domain": Pass(in_domain),
            "pool": Pass(pool)}


def write(path: str, model: Model, part: Pass, number: int) -> int:
    """Write file ``number`` of a pass; return the number of its images."""
    rows = batches(part.images, number * ROWS, min((number + 1) * ROWS, len(part.images)))
    blocks = (normalize(h) if part.draw is None else z for _, h, z in of_batches(model, part.images, rows, part.draw))
    matrix = np.concatenate([block.numpy() for block in arriving(block.half() for block in blocks)])
    save_array(path, matrix)
    return len(matrix)


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
