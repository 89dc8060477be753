"""A whole training step beside the encoder alone: the same views, forward and backward, no data, loss or optimizer.

    python -m benchmarks.step [quick] [profile] [compile] [graph] [ROW ...]

ResNet-18 at 32 pixels, bf16; batch 128 on the CPU, 512 on a GPU. Steps follow one another without a look at the
device, as in a training. ``share`` is the fraction of a step that the encoder takes, ``ideas`` the fraction that the
row's ideas add to NT-Xent, forward and backward. ``profile`` also prints torch's profile of three steps, ``compile``
compiles encoder and augmentation, ``graph`` launches a step as one CUDA graph where there is a GPU.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

import torch
from torch import Tensor, nn

from ballast.config.build import build as built
from ballast.config.profile import Network, Profile, Sampling
from ballast.config.recipe import Recipe, load_recipe, merged_recipe
from ballast.config.yaml import read_yaml
from ballast.encoders.model import build
from ballast.ideas.idea import Base, Batch, Contrast, Setup
from ballast.images.resident import Resident
from ballast.runtime.device import prepare
from ballast.training.build import framework, ideas
from ballast.training.graph import WARM
from ballast.training.loop import Views
from ballast.training.trainer import Trainer, weighted_sum
from benchmarks.timing import seconds, show, wait

ROWS = ("simclr", "sdclr", "bcl", "colt", "sdclr-colt", "bcl-colt", "guide")
WORDS = ("quick", "profile", "compile", "graph")
PROFILE = "cifar10_lt"
POOL = 1024
SAMPLING = Sampling(budget=512, warmup=1, every=100)
STEPS = 15  # that follow one another, and
ROUNDS = 3  # rounds of them


def main(rows: list[str], quick: bool, profiled: bool, compiled: bool, graphed: bool) -> None:
    """Print a line for every row."""
    device = prepare(torch.get_num_threads())
    params = {**read_yaml("params.yaml"), "profile": PROFILE}
    values = read_yaml(f"configs/profiles/{PROFILE}.yaml")
    profile = built(Profile, values)
    batch = 16 if quick else 512 if device.type == "cuda" else 128
    network = replace(profile.network, precision="bf16", compile=compiled, graph=graphed)
    if quick:
        network = replace(network, width=16, depths=[1, 1], precision="fp32")
    lines = []
    for row in rows:
        recipe = load_recipe(merged_recipe(params, values, row))
        recipe = replace(recipe, optimization=replace(recipe.optimization, batch=batch))
        trainer = prepared(recipe, network, profile, device)
        alone = build(network, 3, 1).to(device).train()
        if profiled:
            print_profile(trainer)
        lines.append({"row": row, "batch": batch, **measure(trainer, alone, batch)})
    show(f"Training step, ResNet-18 at 32 px, bf16{', compiled' * compiled}{', as a graph' * graphed}", lines)


def prepared(recipe: Recipe, network: Network, profile: Profile, device: torch.device) -> Trainer:
    """Return a training whose next epoch has pool images, where the row samples some."""
    generator = torch.Generator().manual_seed(0)
    count = (STEPS + WARM + 2) * recipe.optimization.batch
    pixels = (torch.randint(0, 256, (size, 3, 32, 32), dtype=torch.uint8, generator=generator)
              for size in (count, POOL))
    images, pool = (Resident(values).to(device) for values in pixels)
    model = build(network, 3, 1, recipe.layers).to(device)
    sampling = SAMPLING if recipe.sampling else None
    setup = Setup(len(images), SAMPLING.budget if sampling else 0, recipe.optimization.epochs, sampling, device)
    trainer = Trainer(framework(recipe.framework, model, recipe.prune), images, pool if sampling else None,
                      ideas(recipe.ideas, setup), recipe.optimization, profile.augment, 1)
    for idea in trainer.ideas.values():
        for memory in idea.state().values():
            if memory.is_floating_point():
                memory.copy_(torch.linspace(1, 2, len(memory)))
    return trainer


def measure(trainer: Trainer, alone: nn.Module, batch: int) -> dict:
    """Return the seconds of a step and of the encoder alone, which take turns."""
    views = torch.rand(2 * batch, 3, 32, 32, device=trainer.device).contiguous(memory_format=torch.channels_last)
    gradient = torch.randn(2 * batch, alone.widths[1], device=trainer.device)

    def encoder() -> None:
        alone.zero_grad(set_to_none=True)
        alone(views)[1].backward(gradient)

    steps, encoders = [], []
    for _ in range(ROUNDS):
        batches = iter(trainer.begin_epoch(SAMPLING.warmup + 1))
        for _ in range(WARM + 2):  # a graph is recorded after some steps
            index = advance(trainer, batches)
        steps.append(seconds_of(lambda batches=batches: advance(trainer, batches)))
        encoder()
        encoders.append(seconds_of(encoder))
    step, least = median(steps), median(encoders)
    return {"step, ms": round(1000 * step, 1), "encoder alone, ms": round(1000 * least, 1),
            "images/s": round(batch / step), "share": round(least / step, 3),
            "ideas": round(seconds_of_ideas(trainer, index) / step, 4)}


def seconds_of(work: Callable[[], object]) -> float:
    """Return the seconds of one of several calls that follow one another."""
    wait()
    start = time.perf_counter()
    for _ in range(STEPS):
        work()
    wait()
    return (time.perf_counter() - start) / STEPS


def advance(trainer: Trainer, batches: Iterator[Views]) -> Tensor:
    """Take one step as the training loop does; return the indices of its images."""
    index, views = next(batches)
    (trainer.graphs or trainer).take(0.1, index, views)
    return index


def print_profile(trainer: Trainer) -> None:
    """Print where three steps, after two others, spend their time."""
    batches = iter(trainer.begin_epoch(SAMPLING.warmup + 1))
    for _ in range(2):
        advance(trainer, batches)
    with torch.profiler.profile() as profile:
        for _ in range(3):
            advance(trainer, batches)
        wait()
    by = "self_cuda_time_total" if trainer.device.type == "cuda" else "self_cpu_time_total"
    print(profile.key_averages().table(sort_by=by, row_limit=20, max_name_column_width=40), flush=True)


def seconds_of_ideas(trainer: Trainer, index: Tensor) -> float:
    """Return the seconds that the ideas' terms add to those of NT-Xent alone, on a batch of images."""
    z = nn.functional.normalize(torch.randn(2 * len(index), 128, device=trainer.device)).requires_grad_()
    index = index.to(trainer.device)
    positions = (index < len(trainer.in_domain)).nonzero().squeeze(1)
    partner = None if trainer.partner is None else trainer.partner[index[positions]]
    batch = Batch(index, index >= len(trainer.in_domain), z, positions, partner,
                  None if partner is None else z[positions].unflatten(0, partner.shape), len(index))

    def loss(added: list[Base]) -> None:
        contrast = Contrast.of(batch.z, 0.2)
        terms = {"contrastive": (1.0, contrast.per_view.mean())}
        for idea in added:
            terms |= idea.terms(batch, contrast)
        weighted_sum(terms).backward()

    added = list(trainer.ideas.values())
    times = seconds({"row": lambda: loss(added), "NT-Xent": lambda: loss([])}, repeats=50, warm=5)
    return max(0.0, times["row"] - times["NT-Xent"])


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word not in WORDS]
    main(words or list(ROWS), *(word in sys.argv for word in WORDS))
