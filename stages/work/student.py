"""Train one repeat of a student on the in-domain images under its frozen guide."""

from copy import deepcopy

import torch

from ballast.config.recipe import load_student
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model, save_model
from ballast.ideas import guidance
from ballast.ideas.guidance import Clean
from ballast.ideas.idea import Setup
from ballast.images.store import Store, load_store
from ballast.runtime.batchnorm import synchronize_batchnorm
from ballast.runtime.device import prepare
from ballast.runtime.distributed import join_ranks
from ballast.runtime.errors import BallastError
from ballast.runtime.files import load_array
from ballast.runtime.ranks import rank
from ballast.runtime.tables import read_table
from ballast.training.build import framework
from ballast.training.checkpoint import Checkpoint
from ballast.training.trainer import Trainer
from stages.common.files import NO_TABLE, write_devices, write_tables
from stages.common.live import live
from stages.common.parameters import recipe_of
from stages.common.trainings import Training


def train(training: Training) -> int:
    """Train and write the results; return the number of images that went through the network."""
    p = training.settings
    recipe = load_student(recipe_of(training.recipe))
    device = join_ranks(prepare(p.threads, p.deterministic))
    listed = torch.from_numpy(load_array(training.images))
    images = load_store("data/images/train", decode=p.profile.network.decode).take(listed).to(device)
    model = synchronize_batchnorm(load_model(p.profile.network, images.channels, training.guide).to(device))
    pool = pool_of(training, device, p.profile.network.decode) if recipe.guidance.distill_pool else None
    every = images if pool is None else images.join(pool)
    optimization = recipe.optimization
    setup = Setup(len(images), len(every) - len(images), optimization.epochs, None, device)
    guiding = guidance.Idea(recipe.guidance, setup, Clean(*embed(model, every)))  # the student starts as its guide
    guide = deepcopy(model) if recipe.guidance.distill_views == "same" else None
    trainer = Trainer(framework(recipe.framework, model, recipe.prune, optimization.freeze), images, pool,
                      {"guidance": guiding}, optimization, p.profile.augment, training.repeat.seed,
                      contrast_weight=0.0, what="student", guide=guide)
    checkpoint = Checkpoint(training.facts, training.inputs, training.stage_name)
    watched = live(training.row, training.repeat, optimization.epochs, model, images, p.profile.augment)
    trainer.train(checkpoint, watched)
    checkpoint.check_unchanged()
    if rank() == 0:
        save_model(model, training.folder, images.size, images.short)
        history = trainer.state.history_frame() if optimization.epochs else NO_TABLE
        write_tables(training.folder, history=history, trace=NO_TABLE, rounds=NO_TABLE, memory=NO_TABLE)
        write_devices(training.folder, trainer.state.devices)
        checkpoint.remove()
    return trainer.state.images_seen()


def pool_of(training: Training, device: torch.device, decode: str) -> Store:
    """Return the pool images of the guide's last round, or its selection."""
    path = f"{training.guide}/trace.csv"
    chosen = read_table(path, "pool")
    if not len(chosen):
        raise BallastError(f"{path}: expected the pool images of a guide, got none; set distill_pool: false")
    last = chosen[chosen["epoch"] == chosen["epoch"].max()] if "epoch" in chosen else chosen
    return load_store(training.pool, device, decode).take(torch.from_numpy(last["pool"].to_numpy().copy()).to(device))
