"""Train a student on the in-domain images under its frozen guide."""

import torch

from ballast.config.recipe import load_student
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model, save_model
from ballast.ideas import guidance
from ballast.ideas.idea import Setup
from ballast.images.store import load_store
from ballast.runtime.device import prepare
from ballast.runtime.distributed import join_ranks, leave_ranks, synchronize_batchnorm
from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.ranks import rank
from ballast.training.build import framework
from ballast.training.checkpoint import Checkpoint
from ballast.training.trainer import Trainer
from stages.common.parameters import parameters, recipe_of
from stages.common.supervise import run

LIST = "data/split/longtail.npy"


def main(row: str, guide: str) -> int:
    p = parameters("seed", "threads", "deterministic", profile=("network", "augment"))
    described = f"data/recipes/student/{row}.yaml"
    recipe = load_student(recipe_of(described))
    device = join_ranks(prepare(p.threads, p.deterministic))
    images = load_store("data/images/train").take(torch.from_numpy(load_array(LIST))).to(device)
    model = synchronize_batchnorm(load_model(p.profile.network, images.channels, guide).to(device))
    setup = Setup(len(images), 0, recipe.optimization.epochs, None, device)
    guiding = guidance.Idea(recipe.guidance, setup, embed(model, images)[1])  # the student starts as its guide
    trainer = Trainer(framework(recipe.framework, model, recipe.prune), images, None, {"guidance": guiding},
                      recipe.optimization, p.profile.augment, p.seed, contrast_weight=0.0, what="student")
    checkpoint = Checkpoint(vars(p), ["data/images/train", LIST, described, f"{guide}/encoder.safetensors",
                                      f"{guide}/head.safetensors"])
    trainer.train(checkpoint)
    checkpoint.check_unchanged()
    leave_ranks()
    if rank() == 0:
        save_model(model, f"runs/{row}", images.size, images.short)
        write_atomic(f"runs/{row}/history.csv", trainer.state.history_frame().to_csv(index=False))
        checkpoint.remove()
    return trainer.state.images_seen()


if __name__ == "__main__":
    run(main, "ROW GUIDE", ranks=True)
