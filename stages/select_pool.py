"""Select pool images once for every repeat, before training: their pixels for the training, their list for people."""

from functools import partial

import torch

from ballast.config.build import build
from ballast.config.selections import BY_RULE, Selection
from ballast.embeddings.shards import load_shards
from ballast.images.folder import read_files
from ballast.images.store import load_store, save_store
from ballast.runtime.device import prepare
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.runtime.tables import read_table
from ballast.selection.choose import Evidence, choose
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.workers import side_by_side


def main(name: str, of: str) -> None:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable", profile=("sampling",),
                   selection=name)
    selection = build(BY_RULE[p.selection["rule"]], p.selection)
    repeats = repeats_of(p)
    side_by_side(partial(select, p, name, selection, of), repeats,
                 [f"{name}, repeat {repeat.number}" for repeat in repeats])


def select(p, name: str, selection: Selection, of: str, repeat: Repeat) -> None:
    """Write data/pool/<name>/<repeat>, the images and in selected.csv which they are."""
    device = prepare(p.threads, p.deterministic)
    images = load_store("data/pool/all")
    within = None if of == "all" else torch.tensor(read_table(repeat.selected(of), "pool")["pool"].to_numpy())
    try:
        chosen = choose(selection, seen(selection.by, repeat, len(images), device), p.profile.sampling.budget,
                        repeat.seed, within)
    except BallastError as error:
        raise BallastError(f"params.yaml: selections.{name}.{error}") from error
    save_store(images.take(torch.tensor(chosen["pool"].to_numpy())), repeat.pool(name))
    paths = read_files("data/pool/all")["path"].to_numpy()
    write_atomic(repeat.selected(name), chosen.assign(path=paths[chosen["pool"]]).to_csv(index=False))


def seen(by: str, repeat: Repeat, images: int, device: torch.device) -> Evidence:
    """Return what a selection looks at: nothing, the embeddings, or also MAK's scores."""
    if by == "none":
        return Evidence(images)
    in_domain, pool = (load_shards(f"data/embed/{repeat.number}/{name}", device) for name in ("in_domain", "pool"))
    if by == "embed":
        return Evidence(images, in_domain, pool)
    scores = read_table(f"data/scores/{repeat.number}.parquet", "ecle", "distance")
    return Evidence(images, in_domain, pool, *(torch.tensor(scores[name].to_numpy("float32"))
                                           for name in ("ecle", "distance")))


if __name__ == "__main__":
    run(main, "NAME OF")
