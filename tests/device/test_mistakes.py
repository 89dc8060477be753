"""Planted mistakes about devices: the logical GPU has to find each of them."""

from contextlib import suppress

import pytest
import torch

from ballast.augment import color
from ballast.encoders import pruned
from ballast.ideas import colt, guidance
from ballast.images.resident import Resident
from ballast.training import loop, trainer
from tests.device.gpu import logical_gpu
from tests.device.scene import SCENE, Disk
from tests.training import rows
from tests.training.rows import PARAMS

CPU = torch.device("cpu")


def on_cpu(function):
    """Return a function whose tensors come from the CPU."""
    def moved(value):
        if isinstance(value, torch.Tensor):
            return value.cpu()
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(moved, value))
        return type(value)(map(moved, value)) if isinstance(value, (list, tuple)) else value

    return lambda *args, **kwargs: moved(function(*args, **kwargs))


def looks(function):
    """Return a function that reads its result on the host."""
    def looking(*args, **kwargs):
        out = function(*args, **kwargs)
        out.sum().item()
        return out

    return looking


MISTAKES = {  # where, what, how it is spoilt, a row that shows it, what is noticed
    "a guide's partners stay on the CPU": (guidance.Guide, "draw", on_cpu, "guided", "errors"),
    "masks are made on the CPU": (pruned, "magnitude_masks", on_cpu, "sdclr", "errors"),
    "a resumed state stays on the CPU": (
        loop.State, "load", lambda load: lambda self, saved, _: load(self, saved, CPU), "colt", "errors"),
    "a round comes from the CPU": (colt, "broadcast_round", on_cpu, "guide", "errors"),
    "pool images come from the CPU": (Resident, "take", lambda take: lambda self, index: take(self, index).to(CPU),
                                      "colt", "errors"),
    "a temperature is a tensor of the CPU": (
        trainer, "temperature", lambda make: lambda *args: torch.full((1,), make(*args)), "simclr", "errors"),
    "memorization stays on the CPU": (trainer.Trainer, "memorized", on_cpu, "bcl", "errors"),
    "a density is read at every step": (colt, "density", looks, "colt", "waits"),
    "a grayscale image is read": (color, "grayscale", looks, "simclr", "waits"),
    "a constant is made anew": (color, "constant", lambda _: lambda values, like: torch.tensor(
        values, dtype=like[0], device=like[1]), "simclr", "waits"),
    "the rate of each image is drawn on the device by a generator of the CPU": (
        trainer, "weighted_sum", lambda add: lambda terms: add(terms) + 0 * torch.rand(
            1, device="cuda", generator=torch.Generator()).sum(), "simclr", "errors"),
    "a loss sums without a deterministic kernel": (
        trainer, "weighted_sum", lambda add: lambda terms: add(terms) * torch.ones(3, device="cuda").cumsum(0)[0],
        "simclr", "alerts")}


def noticed(row, kind):
    """Return what a logical GPU notices of a kind: waits within steps, anything else in a training and its resume."""
    with logical_gpu() as found:
        disk = Disk(die_after=2)
        if kind == "waits":
            training = rows.trainer(PARAMS, row, SCENE)
            batches = iter(training.begin_epoch(1))
            for _ in range(2):
                found.clear()
                loop.update(training.state, 0.1, training.step, *next(batches))
        else:
            for _ in range(2):
                with suppress(KeyboardInterrupt):
                    rows.trainer(PARAMS, row, SCENE).train(disk)
    return getattr(found, kind)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(monkeypatch, mistake):
    place, name, spoilt, row, kind = MISTAKES[mistake]
    assert not noticed(row, kind)
    monkeypatch.setattr(place, name, spoilt(getattr(place, name)))
    assert noticed(row, kind)
