"""Whole steps as CUDA graphs: augmentation, forward, backward and optimizer are launched as one.

A small network's step has some 400 kernels of a few microseconds each, which the host cannot launch as fast as the GPU
runs them. A graph is recorded once for every shape of batch, and then replayed with other images and another rate.
What a step reads from Python is frozen in its graph, so graphs are recorded anew when that changes: a round's pool
images, or the temperature.
"""

from collections import Counter
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ballast.augment.draws import Draws
from ballast.images.store import Request, Resident
from ballast.runtime.distributed import world_size
from ballast.runtime.errors import BallastError
from ballast.training.loop import Losses, descend

if TYPE_CHECKING:
    from ballast.training.trainer import Placed, Trainer

WARM = 3  # steps of a shape that run as they are, while libraries prepare themselves


class Graphs:
    """The graphs of a training."""

    def __init__(self, trainer: "Trainer") -> None:
        """Record nothing yet. Raises BallastError where steps cannot be graphs."""
        if world_size() > 1 or not isinstance(trainer.in_domain, Resident):
            raise BallastError("network.graph: expected one process and images in memory, got several processes or "
                               "`where: files`; set it to false")
        self.trainer = trainer
        groups = trainer.state.optimizer.param_groups
        self.rates = [torch.zeros((), device=trainer.device) for _ in groups]
        self.recorded: dict[tuple, Recorded] = {}
        self.warmed: Counter = Counter()
        self.frozen = trainer.in_domain, 0.0, False, ()  # what the recorded graphs have frozen, as ``take`` compares it

    def take(self, lr: float, index: Tensor, request: Request) -> Losses:
        """Take one step of the optimizer, as ``Trainer.take`` does with views; return the losses before it."""
        for rate, group in zip(self.rates, self.trainer.state.optimizer.param_groups):
            group["lr"] = rate.fill_(lr * group["scale"])
        phases = tuple(idea.phase for idea in self.trainer.ideas.values())
        frozen = self.trainer.images, self.trainer.temperature, self.trainer.head_alone, phases
        if frozen[0] is not self.frozen[0] or frozen[1:] != self.frozen[1:]:
            self.recorded, self.frozen = {}, frozen
        placed = self.trainer.place(index)
        known = len(placed.in_domain)
        shape = len(index), known < len(index) if placed.partner is None else known
        if self.warmed[shape] < WARM:
            self.warmed[shape] += 1
            return work(self.trainer, placed, request)
        if shape not in self.recorded:
            self.recorded[shape] = Recorded(self.trainer, placed, request)
        return self.recorded[shape].replayed(placed, request)


class Recorded:
    """The graph of one shape of batch, with the tensors that it reads and writes."""

    def __init__(self, trainer: "Trainer", placed: "Placed", request: Request) -> None:
        """Record a step; nothing is computed yet."""
        self.inputs = [tensor.clone() for tensor in tensors(placed, request)]
        placed, request = with_tensors(placed, request, self.inputs)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.losses = work(trainer, placed, request)

    def replayed(self, placed: "Placed", request: Request) -> Losses:
        """Take the step with other images; return copies of the losses, which the next replay will overwrite."""
        for mine, given in zip(self.inputs, tensors(placed, request)):
            mine.copy_(given, non_blocking=True)
        self.graph.replay()
        return {name: loss.detach().clone() for name, loss in self.losses.items()}


def work(trainer: "Trainer", placed: "Placed", request: Request) -> Losses:
    """Compute one step from the rows of its images and the draws of their augmentation."""
    losses = trainer.losses(placed, trainer.images.views(*request, trainer.augmented))
    descend(trainer.state, losses["loss"])
    return losses


def tensors(placed: "Placed", request: Request) -> list[Tensor]:
    """Return all that differs between batches of one shape.

    Which images are in-domain is read by rows with partners alone; to others it only matters whether all are.
    """
    rows, draws = request
    with_partners = () if placed.partner is None else (placed.in_domain, placed.partner)
    return [placed.index, rows, *with_partners, *(column for column in draws if column is not None)]


def with_tensors(placed: "Placed", request: Request, values: list[Tensor]) -> tuple["Placed", Request]:
    """Return the same with other tensors, in the order of ``tensors``."""
    following = iter(values)
    placed, rows = placed._replace(index=next(following)), next(following)
    if placed.partner is not None:
        placed = placed._replace(in_domain=next(following), partner=next(following))
    return placed, (rows, Draws(*(None if column is None else next(following) for column in request[1])))
