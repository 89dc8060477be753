"""The sum of all ranks' gradients, bucket by bucket, while the backward pass goes on.

DistributedDataParallel does the same for losses that every rank computes from its own rows, by a hook on the module's
forward. Here the loss needs the projections of all ranks, and SDCLR calls the network with masked weights
(torch.func.functional_call), which bypasses that hook.
"""

from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ballast.runtime.distributed import world_size

BUCKET = 25 << 20  # bytes


class Gradients:
    """The gradients of a model over all ranks. With one process it does nothing."""

    def __init__(self, model: nn.Module, size: int = BUCKET) -> None:
        """Wait for the gradients of a model on its device; ``size`` is that of a bucket in bytes."""
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.buckets = buckets(trained, size) if world_size() > 1 else []
        for number, bucket in enumerate(self.buckets):
            for parameter in bucket:
                parameter.register_post_accumulate_grad_hook(partial(self._arrived, number))
        self._begin()

    def sum(self) -> None:
        """Replace every gradient by its sum over the ranks; call it after the backward pass."""
        while len(self.on_the_way) < len(self.buckets):  # a parameter that the loss does not need has no gradient
            self._send()
        for gradients, flat, work in self.on_the_way:
            work.wait()
            for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
                gradient.copy_(part.view_as(gradient))
        self._begin()

    def _begin(self) -> None:
        self.missing = [len(bucket) for bucket in self.buckets]
        self.on_the_way: list[tuple[list[Tensor], Tensor, dist.Work]] = []

    def _arrived(self, number: int, _: Tensor) -> None:
        """Send the buckets that are whole, in their order: all ranks must send the same."""
        self.missing[number] -= 1
        while len(self.on_the_way) < len(self.buckets) and not self.missing[len(self.on_the_way)]:
            self._send()

    def _send(self) -> None:
        bucket = self.buckets[len(self.on_the_way)]
        gradients = [parameter.grad for parameter in bucket if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients]) if gradients else torch.zeros(1)
        self.on_the_way.append((gradients, flat, dist.all_reduce(flat, async_op=True)))


def buckets(parameters: list[nn.Parameter], size: int) -> list[list[nn.Parameter]]:
    """Divide parameters into buckets of at least ``size`` bytes, the last layers' first: their gradients come first."""
    found: list[list[nn.Parameter]] = []
    full = True
    for parameter in reversed(parameters):
        if full:
            found.append([])
        found[-1].append(parameter)
        full = sum(one.numel() * one.element_size() for one in found[-1]) >= size
    return found
