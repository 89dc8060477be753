"""Pre-train one row: on in-domain images alone, with selected pool images, or with rounds of sampling from the pool."""

from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from ballast.config.recipe import load_recipe
from ballast.encoders.embed import embed
from ballast.encoders.model import Model, build, save_model
from ballast.ideas.idea import Setup
from ballast.images.folder import read_files
from ballast.images.store import Store, load_store
from ballast.runtime.device import prepare
from ballast.runtime.distributed import join_ranks, leave_ranks, synchronize_batchnorm
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.ranks import rank
from ballast.training.batches import matched_epochs
from ballast.training.build import framework, ideas
from ballast.training.checkpoint import Checkpoint
from ballast.training.trainer import Trainer
from stages.common.parameters import parameters, recipe_of
from stages.common.supervise import run


def main(row: str, images_list: str, pool_images: str) -> int:
    p = parameters("seed", "threads", "deterministic", profile=("network", "augment"))
    described = f"data/recipes/pretrain/{row}.yaml"
    recipe = load_recipe(recipe_of(described))
    device = join_ranks(prepare(p.threads, p.deterministic))
    listed = load_array(images_list)
    images = load_store("data/images/train").take(torch.from_numpy(listed)).to(device)
    pool = load_store(pool_images, device)
    model = synchronize_batchnorm(build(p.profile.network, images.channels, p.seed, recipe.layers).to(device))
    if not len(images):
        return untrained(row, model, images)
    optimization = recipe.optimization
    if recipe.match_updates:
        optimization = replace(optimization, epochs=matched_epochs(
            optimization.epochs, len(images), recipe.sampling.budget, recipe.sampling.warmup, optimization.batch))
    rounds = None if recipe.match_updates else recipe.sampling
    setup = Setup(len(images), rounds.budget if rounds else len(pool), optimization.epochs, rounds, device)
    trainer = Trainer(framework(recipe.framework, model, recipe.prune), images, pool if len(pool) else None,
                      ideas(recipe.ideas, setup), optimization, p.profile.augment, p.seed)
    checkpoint = Checkpoint(vars(p), ["data/images/train", images_list, pool_images, described])
    trainer.train(checkpoint)
    checkpoint.check_unchanged()
    memory = remembered(trainer, listed)
    leave_ranks()
    if rank() == 0:
        save_model(model, f"runs/{row}", images.size, images.short)
        trace = trainer.state.trace.frame()
        if len(trace):
            trace["path"] = read_files(pool_images)["path"].to_numpy()[trace["pool"]]
        write_tables(row, history=trainer.state.history_frame(), trace=trace, memory=memory)
        checkpoint.remove()
    return trainer.state.images_seen()


def remembered(trainer: Trainer, listed: np.ndarray) -> pd.DataFrame:
    """Return each idea's tailness of every in-domain image, and its cluster's number and budget in one more round.

    listed: rows of data/images/train [N], the column ``image``.
    """
    columns = {"image": listed}
    for idea in trainer.ideas.values():
        columns |= {name: value.cpu().numpy() for name, value in idea.tailness().items()}
    if trainer.sampler:
        allotment = trainer.sampler.allotment(embed(trainer.framework.model, trainer.in_domain)[1])
        if allotment:
            cluster, budget = allotment
            columns |= {"cluster": cluster.cpu().numpy(), "budget": budget[cluster].cpu().numpy()}
    return pd.DataFrame(columns).round(6)


def untrained(row: str, model: Model, images: Store) -> int:
    """Write the model as it was initialized, for a list without images: the report leaves the row out."""
    leave_ranks()
    if rank() == 0:
        print(f"pretrain: {row} has no images to train on; it stays as it was initialized, the report leaves it out")
        save_model(model, f"runs/{row}", images.size, images.short)
        empty = {name: pd.DataFrame(columns=[column]) for name, column in
                 (("history", "epoch"), ("trace", "epoch"), ("memory", "image"))}
        write_tables(row, **empty)
    return 0


def write_tables(row: str, **tables: pd.DataFrame) -> None:
    """Write tables of a row under their names."""
    for name, table in tables.items():
        write_atomic(f"runs/{row}/{name}.csv", table.to_csv(index=False))


if __name__ == "__main__":
    run(main, "ROW LIST POOL", ranks=True)
