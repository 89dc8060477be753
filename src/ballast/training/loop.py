"""The loop that every training shares: epochs, batches, SGD by schedule, history, exact resume."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor, nn

from ballast.distributed import add_gradients
from ballast.errors import BallastError
from ballast.progress import track
from ballast.rng import generator
from ballast.training.schedule import batch_count, warmup_cosine
from ballast.training.scratch import Scratch

Batch = tuple[Tensor, Tensor]  # image indices on the CPU, and their views on the device
Losses = dict[str, Tensor]  # scalars by name; "loss" is what is minimised, the rest is for the history


@dataclass
class State:
    """All that a training needs to go on after a kill."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    memory: dict[str, Tensor] = field(default_factory=dict)  # what is remembered per image
    history: list[dict[str, float]] = field(default_factory=list)
    epoch: int = 0

    def save(self) -> dict:
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "memory": self.memory,
                "history": self.history, "epoch": self.epoch}

    def load(self, saved: dict, device: torch.device) -> None:
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.memory = {name: tensor.to(device) for name, tensor in saved["memory"].items()}
        self.history, self.epoch = saved["history"], saved["epoch"]

    def history_frame(self) -> pd.DataFrame:
        """One row per epoch; a loss that starts later is missing before."""
        return pd.DataFrame(self.history).round(6)


def sgd(model: nn.Module, momentum: float, weight_decay: float) -> torch.optim.SGD:
    """SGD without Nesterov, weight decay on all parameters (methods.md 1.1); the schedule sets the rate."""
    return torch.optim.SGD(model.parameters(), lr=1.0, momentum=momentum, weight_decay=weight_decay, fused=True)


def shuffled_batches(images: int, batch: int, seed: int, epoch: int) -> tuple[Tensor, ...]:
    """A fresh permutation of the images in batches; the last one keeps what is left, or goes with the one before."""
    batches = torch.randperm(images, generator=generator(seed, "order", epoch)).split(batch)
    whole = batch_count(images, batch) - 1
    return *batches[:whole], torch.cat(batches[whole:])


def run(
    state: State, scratch: Scratch, begin_epoch: Callable[[int], Iterable[Batch]],
    step: Callable[[Tensor, Tensor], Losses], batches: list[int], lr: float, warmup: int, what: str,
) -> None:
    """Train from ``state.epoch`` to the end.

    begin_epoch(epoch) prepares an epoch (1-based) and gives its batches, step(indices, views) the losses of one.
    batches: the number of batches of every epoch; warmup: epochs of rising learning rate.
    """
    device = next(state.model.parameters()).device
    saved = scratch.load()
    if saved is not None:
        state.load(saved, device)
    total, rising = sum(batches), sum(batches[:warmup])
    iteration = sum(batches[: state.epoch])
    epochs = range(state.epoch + 1, len(batches) + 1)
    for epoch in track(epochs, what, total=len(batches), initial=state.epoch, unit="epoch"):
        sums, counts = Counter(), Counter()
        for index, views in begin_epoch(epoch):
            iteration += 1
            rate = warmup_cosine(iteration, lr, rising, total)
            try:
                losses = _update(state, rate, step, index, views)
            except torch.OutOfMemoryError as full:
                raise BallastError(f"{what}: out of memory with a batch of {len(index)} images; lower {what}.batch, "
                                   f"set network.precision: bf16 or share it by more processes") from full
            for name, value in losses.items():
                sums[name] += value.detach() * len(index)
                counts[name] += len(index)
        means = {name: value.item() / counts[name] for name, value in sums.items()}
        if not math.isfinite(means["loss"]):
            raise BallastError(f"{what}: the loss is {means['loss']} in epoch {epoch}; lower pretrain.lr")
        state.history.append({"epoch": epoch, "images": counts["loss"], **means})
        state.epoch = epoch
        scratch.save(state.save())


def _update(state: State, lr: float, step: Callable[[Tensor, Tensor], Losses], index: Tensor, views: Tensor) -> Losses:
    """One step of the optimiser."""
    for group in state.optimizer.param_groups:
        group["lr"] = lr
    losses = step(index, views)
    state.optimizer.zero_grad(set_to_none=True)
    losses["loss"].backward()
    add_gradients(state.model)
    state.optimizer.step()
    return losses
