"""A whole training step beside the encoder alone: the same views, forward and backward, no data, loss or optimiser.

    python -m benchmarks.step [quick] [METHOD ...]

ResNet-18 at 32 px, bf16; batch 128 on the CPU, 512 and compiled on a GPU. ``share`` is the part of a step that the
encoder takes; ``ideas`` the part of what a method's losses and memories add to NT-Xent, forward and backward.
"""

import sys
import time

import torch
import yaml

from ballast.data.store import Resident
from ballast.device import prepare
from ballast.encoders.model import build
from ballast.merge import merged
from ballast.training import method as methods
from ballast.training.objective import Objective
from ballast.training.rounds import Pretraining
from benchmarks.timing import seconds, show, wait

METHODS = ("simclr", "sdclr", "bcl", "colt", "sdclr-colt", "bcl-colt", "guided")
SAMPLING = {"budget": 512, "warmup": 1, "every": 100}


def main(names: list[str], quick: bool) -> None:
    device = prepare(torch.get_num_threads())
    with open("params.yaml", encoding="utf-8") as file:
        params = yaml.safe_load(file)
    profile = params["profiles"]["cifar10_lt"]
    batch = 16 if quick else 512 if device.type == "cuda" else 128
    network = {**profile["network"], "precision": "bf16", "compile": device.type == "cuda",
               **({"width": 16, "depths": [1, 1]} if quick else {})}
    rows = []
    for name in names:
        settings = merged(profile["pretrain"], params["methods"][name]["pretrain"], {"batch": batch})
        rows.append({"method": name, "batch": batch, **measure(settings, network, profile["augment"], batch, device)})
    show("Training step, ResNet-18 at 32 px, bf16", rows)


def measure(settings: dict, network: dict, augment: dict, batch: int, device: torch.device, steps: int = 15) -> dict:
    """Seconds of a step in an epoch with pool images, and of the encoder alone, taking turns."""
    generator = torch.Generator().manual_seed(0)
    images, pool = (Resident(torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator)
                             ).to(device) for count in ((steps + 1) * batch, 1024))
    model = build(network, 3, 1, settings.get("layers", 2)).to(device)
    run = Pretraining(methods.framework(settings, model), images, pool if "resample" in settings else None,
                      methods.optimisation(settings), augment, 1, methods.method(settings, SAMPLING))
    for name in set(run.state.memory):
        run.state.memory[name].uniform_(1, 2)
    batches = iter(run._begin_epoch(2))
    alone = build(network, 3, 1).to(device).train()
    views = torch.rand(2 * batch, 3, 32, 32, device=device).contiguous(memory_format=torch.channels_last)
    up = torch.randn(2 * batch, network["projection"], device=device)
    whole, encoder = [], []
    for turn in range(steps + 1):
        wait()
        start = time.perf_counter()
        index, seen = next(batches)
        loss = run._step(index, seen)["loss"]
        run.state.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        run.state.optimizer.step()
        wait()
        middle = time.perf_counter()
        alone.zero_grad(set_to_none=True)
        alone(views)[1].backward(up)
        wait()
        if turn:
            whole.append(middle - start)
            encoder.append(time.perf_counter() - middle)
    step, least = sorted(whole)[len(whole) // 2], sorted(encoder)[len(encoder) // 2]
    return {"step, ms": round(1000 * step, 1), "encoder alone, ms": round(1000 * least, 1),
            "images/s": round(batch / step), "share": round(least / step, 3),
            "ideas": round(ideas(run, index) / step, 4)}


def ideas(run: Pretraining, index: torch.Tensor) -> float:
    """Seconds that the method's objective takes longer than NT-Xent alone, on a batch of pool and seed images."""
    z = torch.randn(2 * len(index), 128, device=run.device)
    z = torch.nn.functional.normalize(z).requires_grad_()
    index = index.to(run.device)
    ways = {"method": run.objective, "plain": Objective(methods.Method(), run.seeds, {})}
    found = seconds({name: lambda way=way: way(z, index, True, 0.2, len(index))["loss"].backward()
                     for name, way in ways.items()}, repeats=50, warm=5)
    return max(0.0, found["method"] - found["plain"])


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "quick"]
    main(words or list(METHODS), "quick" in sys.argv)
