"""A whole training step beside the encoder alone: the same views, forward and backward, no data, loss or optimiser.

    python -m benchmarks.step [quick] [profile] [compile] [METHOD ...]

ResNet-18 at 32 px, bf16; batch 128 on the CPU, 512 and compiled on a GPU. ``share`` is the part of a step that the
encoder takes; ``ideas`` the part of what a method's losses and memories add to NT-Xent, forward and backward.
``profile`` prints torch's profile of three steps beside it: where the rest goes; ``compile`` compiles on a CPU too.
"""

import sys
import time
from collections.abc import Iterator

import torch
import yaml

from ballast.config.merge import merged
from ballast.encoders.model import build
from ballast.images.store import Resident
from ballast.runtime.device import prepare
from ballast.training import method as methods
from ballast.training.loop import update
from ballast.training.objective import Objective
from ballast.training.rounds import Pretraining
from benchmarks.timing import seconds, show, wait

METHODS = ("simclr", "sdclr", "bcl", "colt", "sdclr-colt", "bcl-colt", "guided")
WORDS = ("quick", "profile", "compile")
STEPS = 15
SAMPLING = {"budget": 512, "warmup": 1, "every": 100}


def main(names: list[str], quick: bool, profiled: bool, compiled: bool) -> None:
    device = prepare(torch.get_num_threads())
    with open("params.yaml", encoding="utf-8") as file:
        params = yaml.safe_load(file)
    paper = params["profiles"]["cifar10_lt"]
    batch = 16 if quick else 512 if device.type == "cuda" else 128
    network = {**paper["network"], "precision": "bf16", "compile": compiled or device.type == "cuda",
               **({"width": 16, "depths": [1, 1]} if quick else {})}
    rows = []
    for name in names:
        settings = merged(paper["pretrain"], params["methods"][name]["pretrain"], {"batch": batch})
        run, alone = prepared(settings, network, paper["augment"], device), build(network, 3, 1).to(device).train()
        if profiled:
            profile(run)
        rows.append({"method": name, "batch": batch, **measure(run, alone, batch)})
    show("Training step, ResNet-18 at 32 px, bf16", rows)


def prepared(settings: dict, network: dict, augment: dict, device: torch.device) -> Pretraining:
    """A training that is about to begin an epoch with pool images."""
    generator = torch.Generator().manual_seed(0)
    images, pool = (Resident(torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator)
                             ).to(device) for count in ((STEPS + 1) * settings["batch"], 1024))
    model = build(network, 3, 1, settings.get("layers", 2)).to(device)
    run = Pretraining(methods.framework(settings, model), images, pool if "resample" in settings else None,
                      methods.optimisation(settings), augment, 1, methods.method(settings, SAMPLING))
    for name in set(run.state.memory):
        run.state.memory[name].uniform_(1, 2)
    return run


def measure(run: Pretraining, alone: torch.nn.Module, batch: int) -> dict:
    """Seconds of a step, and of the encoder alone, taking turns."""
    batches = iter(run._begin_epoch(2))
    views = torch.rand(2 * batch, 3, 32, 32, device=run.device).contiguous(memory_format=torch.channels_last)
    up = torch.randn(2 * batch, alone.widths[1], device=run.device)
    whole, encoder = [], []
    for turn in range(STEPS + 1):
        wait()
        start = time.perf_counter()
        index = advance(run, batches)
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


def advance(run: Pretraining, batches: Iterator) -> torch.Tensor:
    """One step as the training loop makes it; returns the indices of its images."""
    index, views = next(batches)
    update(run.state, 0.1, run._step, index, views)
    return index


def profile(run: Pretraining) -> None:
    """Print where three steps, after two others, spend their time."""
    batches = iter(run._begin_epoch(2))
    for _ in range(2):
        advance(run, batches)
    with torch.profiler.profile() as found:
        for _ in range(3):
            advance(run, batches)
        wait()
    by = "self_cuda_time_total" if run.device.type == "cuda" else "self_cpu_time_total"
    print(found.key_averages().table(sort_by=by, row_limit=20, max_name_column_width=40), flush=True)


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
    words = [word for word in sys.argv[1:] if word not in WORDS]
    main(words or list(METHODS), *(word in sys.argv for word in WORDS))
