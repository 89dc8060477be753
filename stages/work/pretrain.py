"""Pre-train one repeat of a row: on in-domain images alone, with selected pool images, or with rounds from the pool."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ballast.config.profile import Optimization
from ballast.config.recipe import Recipe, load_recipe
from ballast.embeddings.shards import load_shards
from ballast.encoders.embed import embed
from ballast.encoders.model import Model, build, save_encoder, save_model, start_from
from ballast.ideas.idea import Seen, Setup
from ballast.images.folder import read_files
from ballast.images.store import Store, load_store
from ballast.runtime.batchnorm import synchronize_batchnorm
from ballast.runtime.device import prepare
from ballast.runtime.distributed import join_ranks
from ballast.runtime.errors import BallastError
from ballast.runtime.files import load_array
from ballast.runtime.ranks import rank
from ballast.runtime.tables import read_table
from ballast.training.batches import matched_epochs
from ballast.training.build import framework, ideas
from ballast.training.checkpoint import Checkpoint
from ballast.training.trainer import Trainer
from stages.common.files import NO_TABLE, write_devices, write_tables
from stages.common.live import live
from stages.common.parameters import recipe_of
from stages.common.trainings import Training

POOL_MEMORY = 1 << 29  # bytes of the pool's embeddings that a training keeps in memory; beyond, rounds read the files


def train(training: Training) -> int:
    """Train and write the results; return the number of images that went through the network."""
    p, described = training.settings, training.recipe
    recipe = load_recipe(recipe_of(described))
    device = join_ranks(prepare(p.threads, p.deterministic))
    listed = load_array(training.images) if training.images else np.empty(0, np.int64)
    decode = p.profile.network.decode
    images = load_store("data/images/train", decode=decode).take(torch.from_numpy(listed)).to(device)
    pool, selected = load_store(training.pool, device, decode), selection_of(training.pool)
    model = build(p.profile.network, images.channels, training.repeat.seed, recipe.layers).to(device)
    has_head = start_from(model, training.start) if training.start else True
    model = synchronize_batchnorm(model)
    if not len(images) + (len(pool) if not training.images else 0):
        return untrained(training, model, images)
    optimization = length(recipe, len(images))
    rounds = None if recipe.match_updates else recipe.sampling
    if rounds and rounds.budget > len(pool):
        raise BallastError(f"{training.pool}: expected at least the {rounds.budget} images of a round "
                           f"(sampling.budget), got {len(pool)}; raise the `share` of that selection")
    setup = Setup(len(images), rounds.budget if rounds else len(pool), optimization.epochs, rounds, device)
    trainer = Trainer(framework(recipe.framework, model, recipe.prune, optimization.freeze), images,
                      pool if len(pool) else None, ideas(recipe.ideas, setup), optimization,
                      p.profile.augment, training.repeat.seed, seen=seen(training.seen, device))
    checkpoint = Checkpoint(training.facts, training.inputs, training.stage_name)
    watched = live(training.row, training.repeat, optimization.epochs, model, images, p.profile.augment)
    trainer.train(checkpoint, watched)
    checkpoint.check_unchanged()
    memory = remembered(trainer, listed)
    if rank() == 0:
        save = save_model if has_head or optimization.epochs else save_encoder
        save(model, training.folder, images.size, images.short)
        history = trainer.state.history_frame() if optimization.epochs else NO_TABLE
        write_tables(training.folder, history=history, memory=memory, trace=chosen(trainer, training.pool, selected),
                     rounds=trainer.state.trace.reasons_frame(listed.tolist()))
        write_devices(training.folder, trainer.state.devices)
        checkpoint.remove()
    return trainer.state.images_seen()


def seen(folder: str, device: torch.device) -> Seen | None:
    """Return the embeddings by which rounds choose; None: those of the network that trains."""
    if not folder:
        return None
    return Seen(load_shards(f"{folder}/in_domain", device).float(), load_shards(f"{folder}/pool", device, POOL_MEMORY))


def length(recipe: Recipe, images: int) -> Optimization:
    """Return the recipe's optimization, with as many epochs as match the updates of a row with a pool if asked."""
    optimization, sampling = recipe.optimization, recipe.sampling
    if not recipe.match_updates:
        return optimization
    return replace(optimization, epochs=matched_epochs(optimization.epochs, images, sampling.budget, sampling.warmup,
                                                       optimization.batch, optimization.pairs))


def selection_of(pool: str) -> pd.DataFrame | None:
    """Return what a selection says of its images, the pool's rows and paths; None of the whole pool."""
    path = Path(pool, "selected.csv")
    return read_table(path, "pool", "path") if path.exists() else None


def chosen(trainer: Trainer, pool: str, selected: pd.DataFrame | None) -> pd.DataFrame:
    """Return what was chosen from the pool, with the files of the images: in the rounds, or once before.

    Rounds may choose from a selection, whose images have other rows in the whole pool.
    """
    trace = trainer.state.trace.frame()
    if not len(trace):
        return trace if selected is None else selected
    if selected is None:
        return trace.assign(path=read_files(pool)["path"].to_numpy()[trace["pool"]])
    listed = selected.iloc[trace["pool"]]
    return trace.assign(pool=listed["pool"].to_numpy(), path=listed["path"].to_numpy())


def remembered(trainer: Trainer, listed: np.ndarray) -> pd.DataFrame:
    """Return each idea's tailness of every in-domain image, and its cluster's number and budget in one more round.

    listed: rows of data/images/train [N], the column ``image``.
    """
    columns = {"image": listed}
    for idea in trainer.ideas.values():
        columns |= {name: value.cpu().numpy() for name, value in idea.tailness().items()}
    if trainer.sampler:
        z = trainer.seen.in_domain if trainer.seen else embed(trainer.framework.model, trainer.in_domain)[1]
        allotment = trainer.sampler.allotment(z)
        if allotment:
            columns |= {"cluster": allotment.cluster.cpu().numpy(),
                        "budget": allotment.budget[allotment.cluster].cpu().numpy()}
    return pd.DataFrame(columns).round(6)


def untrained(training: Training, model: Model, images: Store) -> int:
    """Write the model as it was initialized, for a list without images: the report leaves the row out."""
    if rank() == 0:
        print(f"{training.name}: no images to train on; it stays as it was initialized, the report leaves it out")
        save_model(model, training.folder, images.size, images.short)
        empty = {name: pd.DataFrame(columns=[column]) for name, column in
                 (("history", "epoch"), ("trace", "epoch"), ("rounds", "epoch"), ("memory", "image"))}
        write_tables(training.folder, **empty)
        write_devices(training.folder, ["none"])
    return 0
