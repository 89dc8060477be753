"""The loop that every training shares: epochs, batches, rates by schedule, history, exact resume."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from ballast.config.profile import Optimization
from ballast.ideas.idea import Base
from ballast.runtime.distributed import described
from ballast.runtime.errors import BallastError
from ballast.runtime.gradients import Gradients
from ballast.runtime.host import copied
from ballast.runtime.progress import track
from ballast.training.checkpoint import Checkpoint
from ballast.training.live import Live
from ballast.training.optimizers import set_rate
from ballast.training.schedule import warmup_cosine
from ballast.training.trace import Trace

Views = tuple[Tensor, Tensor]  # image indices [B] on the CPU, and their views on the device
Losses = dict[str, Tensor]  # scalars by name; "loss" is what is minimized, the rest is for the history


@dataclass
class State:
    """All that a training needs to go on after a kill."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    ideas: dict[str, Base] = field(default_factory=dict)  # with what they remember
    trace: Trace = field(default_factory=Trace)
    history: list[dict[str, float]] = field(default_factory=list)
    epoch: int = 0
    devices: list[str] = field(default_factory=list)  # on which it has trained, in turn
    clip: float = 0.0  # largest norm of all gradients; 0 clips nothing

    def __post_init__(self) -> None:
        self.gradients = Gradients(self.model)
        self.devices = [described(next(self.model.parameters()).device)]

    def save(self) -> dict:
        """Return a copy of all that in the host's memory, which stays as it is while the training goes on."""
        return copied({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                       "ideas": {name: idea.state() for name, idea in self.ideas.items()},
                       "trace": vars(self.trace), "history": self.history, "epoch": self.epoch,
                       "devices": self.devices})

    def load(self, saved: dict, device: torch.device) -> None:
        """Take back what ``save`` returned."""
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for name, memory in saved["ideas"].items():
            self.ideas[name].load({key: tensor.to(device) for key, tensor in memory.items()})
        rounds, reasons = ([tuple(tensor.to(device) for tensor in one) for one in saved["trace"][name]]
                           for name in ("rounds", "reasons"))
        self.trace = Trace(saved["trace"]["epochs"], rounds, reasons)
        self.history, self.epoch = saved["history"], saved["epoch"]
        self.devices = saved["devices"] + [name for name in self.devices if name != saved["devices"][-1]]

    def images_seen(self) -> int:
        """Return the images of all epochs so far."""
        return sum(int(row["images"]) for row in self.history)

    def history_frame(self) -> pd.DataFrame:
        """Return one row per epoch; a loss that starts later is missing before."""
        return pd.DataFrame(self.history).round(6)


def run(
    state: State, checkpoint: Checkpoint, begin_epoch: Callable[[int], Iterable[Views]],
    take: Callable[[float, Tensor, Tensor], Losses], batches: list[int], optimization: Optimization, what: str,
    live: Live | None = None,
) -> None:
    """Train from ``state.epoch`` to the end; whatever ends it before, the last whole epoch is on the disk.

    begin_epoch(epoch) prepares an epoch (1-based) and gives its batches; take(rate, indices, views) takes a step of the
    optimizer on one of them and returns its losses.
    batches: the number of batches of every epoch.
    live: sees the model and the line in the history after every epoch.
    """
    saved = checkpoint.load()
    if saved is not None:
        state.load(saved, next(state.model.parameters()).device)
    total, rising, done = sum(batches), sum(batches[: optimization.warmup]), sum(batches[: state.epoch])
    rates = (warmup_cosine(iteration, optimization.lr, rising, total) for iteration in range(done + 1, total + 1))
    epochs = range(state.epoch + 1, len(batches) + 1)
    held = None  # the last whole epoch, until it is on the disk
    note = live.note if live else str
    suspected = f"{what}.{suspect(optimization)}"
    try:
        for epoch in track(epochs, what, total=len(batches), initial=state.epoch, unit="epoch", note=note):
            first = sum(batches[: epoch - 1]) + 1
            batches_with_rates = zip(begin_epoch(epoch), rates)
            state.history.append({"epoch": epoch, **_epoch(state, batches_with_rates, take, first, suspected)})
            state.epoch = epoch
            held = state.save()
            if live:
                live.epoch(state.history[-1])
            if checkpoint.save(held):
                held = None
        _require_finite_weights(state.model, suspected)
    except BaseException as error:
        if held:
            with suppress(BallastError):  # of two errors the first tells more
                checkpoint.save(held, now=True)
        if isinstance(error, torch.OutOfMemoryError):
            raise BallastError(f"{what}: out of memory with a batch of {optimization.batch} images; lower "
                               f"{what}.batch, set network.precision: bf16 or start more processes") from error
        raise


def _epoch(state: State, batches: Iterable[tuple[Views, float]], take: Callable[[float, Tensor, Tensor], Losses],
           first: int, suspected: str) -> dict[str, float]:
    """Train one epoch on batches and their learning rates, beginning with step ``first``.

    Returns the number of images and the mean of every loss. ``suspected`` is what to lower where one is not finite.
    """
    sums, counts, minimized = Counter(), Counter(), []
    for (index, views), rate in batches:
        losses = take(rate, index, views)
        minimized.append(losses["loss"].detach())
        for name, value in losses.items():
            sums[name] += value.detach() * len(index)
            counts[name] += len(index)
    _require_finite(torch.stack(minimized).tolist(), state, first, suspected)
    return {"images": counts["loss"], **{name: value.item() / counts[name] for name, value in sums.items()}}


def _require_finite(losses: list[float], state: State, first: int, suspected: str) -> None:
    """Refuse a loss that is no number. This reads the losses once per epoch: at every step the device would wait."""
    bad = next((number for number, loss in enumerate(losses) if not math.isfinite(loss)), None)
    if bad is None:
        return
    what = suspected.split(".")[0]
    if first + bad == 1:
        raise BallastError(f"{what}: the loss is {losses[0]} in the first step, before any update; change the "
                           f"temperature, the weights of the losses, or `augment` of the profile")
    before = losses[bad - 1] if bad else state.history[-1]["loss"]
    kept = f"; the same command goes on from the state after epoch {state.epoch}" if state.epoch else ""
    raise BallastError(f"{what}: the loss is {losses[bad]} in step {first + bad}, before it was {before:.4g}; lower "
                       f"{suspected}{kept}")


def suspect(optimization: Optimization) -> str:
    """Return the parameter that most likely makes a training diverge: SGD scales weights by 1 - lr * weight_decay."""
    decay = optimization.weight_decay
    return "weight_decay" if decay > 1 and optimization.lr * decay >= 2 else "lr"


def _require_finite_weights(model: nn.Module, suspected: str) -> None:
    """Refuse weights that are no numbers: with BatchNorm the loss stays finite while they grow beyond all bounds."""
    bad = next((name for name, values in model.state_dict().items() if not bool(values.isfinite().all())), None)
    if bad:
        raise BallastError(f"{suspected.split('.')[0]}: the weights {bad} are not finite at the end; lower {suspected}")


def update(state: State, lr: float, step: Callable[[Tensor, Tensor], Losses], index: Tensor, views: Tensor) -> Losses:
    """Take one step of the optimizer; return the losses before it."""
    set_rate(state.optimizer, lr)
    losses = step(index, views)
    descend(state, losses["loss"])
    return losses


def descend(state: State, loss: Tensor) -> None:
    """Change the weights by the gradients of a loss."""
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    state.gradients.sum()
    if state.clip:
        clip_grad_norm_(state.model.parameters(), state.clip)
    state.optimizer.step()
