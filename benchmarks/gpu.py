"""What only a GPU can show: the same bytes twice, the CPU's losses, steps in which the host never waits.

    python -m benchmarks.gpu [quick]

On a CPU it compares the CPU with itself, which shows that the program works.
"""

import hashlib
import sys
from dataclasses import replace

import torch

from ballast.config.build import build as built
from ballast.config.profile import Profile
from ballast.config.recipe import load_recipe, merged_recipe
from ballast.config.yaml import read_yaml
from ballast.runtime.device import prepare
from ballast.training.trainer import Trainer
from benchmarks.step import PROFILE, ROWS, SAMPLING, advance, prepared
from benchmarks.timing import show

STEPS = 8  # three before a graph is recorded
CPU = torch.device("cpu")


def main(quick: bool) -> None:
    """Print a line for every row."""
    device = prepare(torch.get_num_threads())
    params = {**read_yaml("params.yaml"), "profile": PROFILE}
    values = read_yaml(f"configs/profiles/{PROFILE}.yaml")
    profile = built(Profile, values)
    network = replace(profile.network, precision="fp32", **({"width": 16, "depths": [1, 1]} if quick else {}))
    lines = []
    for row in ROWS:
        recipe = load_recipe(merged_recipe(params, values, row))
        recipe = replace(recipe, optimization=replace(recipe.optimization, batch=16 if quick else 64))

        def training(where: torch.device, network=network, recipe=recipe) -> Trainer:
            return prepared(recipe, network, profile, where)

        first, again, cpu = (steps(training(where)) for where in (device, device, CPU))
        graphed = steps(training(device, replace(network, graph=True)))
        lines.append({"row": row, "same bytes twice": "yes" if first[1] == again[1] else "NO",
                      "largest difference of a loss from the CPU's": f"{(first[0] - cpu[0]).abs().max():.1e}",
                      "and of a CUDA graph": f"{(first[0] - graphed[0]).abs().max():.1e}",
                      "waits in a step": waits(training(device)) if device.type == "cuda" else "no GPU"})
    show(f"{STEPS} steps in fp32", lines)


def steps(trainer: Trainer) -> tuple[torch.Tensor, str]:
    """Return the losses of some steps, and a digest of the weights after them."""
    losses = []
    for (index, views), _ in zip(trainer.begin_epoch(SAMPLING.warmup + 1), range(STEPS)):
        losses.append((trainer.graphs or trainer).take(0.1, index, views)["loss"].detach())
    weights = torch.cat([weight.detach().flatten().cpu() for weight in trainer.framework.parameters()])
    return torch.stack(losses).cpu(), hashlib.sha256(weights.numpy().tobytes()).hexdigest()


def waits(trainer: Trainer) -> str:
    """Return whether torch notices that the host waits in a step; the first one prepares constants and memory."""
    batches = iter(trainer.begin_epoch(SAMPLING.warmup + 1))
    advance(trainer, batches)
    torch.cuda.set_sync_debug_mode("error")
    try:
        advance(trainer, batches)
    except RuntimeError as error:
        return f"YES: {str(error).splitlines()[0]}"
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return "none"


if __name__ == "__main__":
    main("quick" in sys.argv)
