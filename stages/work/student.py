"""Train one repeat of a student on the in-domain images under its frozen guide."""

import torch

from ballast.config.recipe import load_student
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model, save_model
from ballast.ideas import guidance
from ballast.ideas.idea import Setup
from ballast.images.store import load_store
from ballast.runtime.batchnorm import synchronize_batchnorm
from ballast.runtime.device import prepare
from ballast.runtime.distributed import join_ranks
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.ranks import rank
from ballast.training.build import framework
from ballast.training.checkpoint import Checkpoint
from ballast.training.trainer import Trainer
from stages.common.files import write_devices
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
    setup = Setup(len(images), 0, recipe.optimization.epochs, None, device)
    guiding = guidance.Idea(recipe.guidance, setup, embed(model, images)[1])  # the student starts as its guide
    optimization = recipe.optimization
    trainer = Trainer(framework(recipe.framework, model, recipe.prune, optimization.freeze), images, None,
                      {"guidance": guiding}, optimization, p.profile.augment, training.repeat.seed,
                      contrast_weight=0.0, what="student")
    checkpoint = Checkpoint(training.facts, training.inputs, training.stage_name)
    watched = live(training.row, training.repeat, optimization.epochs, model, images, p.profile.augment)
    trainer.train(checkpoint, watched)
    checkpoint.check_unchanged()
    if rank() == 0:
        save_model(model, training.folder, images.size, images.short)
        if optimization.epochs:
            write_atomic(training.folder / "history.csv", trainer.state.history_frame().to_csv(index=False))
        write_devices(training.folder, trainer.state.devices)
        checkpoint.remove()
    return trainer.state.images_seen()
