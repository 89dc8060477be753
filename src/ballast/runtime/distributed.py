"""Several processes as one: the ranks that torchrun starts share every batch and compute what one process would.

A rank puts its share of a batch through the network; BatchNorm's statistics are those of the whole batch, every rank
gathers all projections and computes the same loss, whose gradient flows into its own share; the sum of the ranks'
gradients is that of one process. Memories and selections are functions of gathered values, and so the same everywhere.
"""

import os

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import batch_norm, pad
from torch.nn.modules.batchnorm import _BatchNorm


def start(device: torch.device) -> torch.device:
    """Join the other ranks where torchrun has started any; returns this rank's device."""
    if "RANK" not in os.environ or dist.is_initialized():
        return device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return device


def stop() -> None:
    """Leave the other ranks."""
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    """This process among all; 0 writes files and messages."""
    return int(os.environ.get("RANK", 0))


def world() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def shares(count: int) -> list[int]:
    """How many of ``count`` things in a row each rank has; they differ by at most one."""
    return [(count + world() - 1 - number) // world() for number in range(world())]


def share(things: Tensor) -> Tensor:
    """The part of some rows that is this rank's."""
    return things.split(shares(len(things)))[rank()] if world() > 1 else things


def gathered(own: Tensor, counts: list[int]) -> Tensor:
    """The rows [counts[r], d] of all ranks, in order; gradients flow into this rank's own alone."""
    if world() == 1:
        return own
    full = pad(own.detach(), (0, 0, 0, max(counts) - len(own))).contiguous()
    parts = [torch.empty_like(full) for _ in counts]
    dist.all_gather(parts, full)
    parts = [part[:count] for part, count in zip(parts, counts)]
    parts[rank()] = own
    return torch.cat(parts)


def all_views(z: Tensor, counts: list[int], more: list[int]) -> Tensor:
    """Projections of every rank in the order of one process: all first views [counts], all second ones, then [more]."""
    if world() == 1:
        return z
    parts = z.split([counts[rank()], counts[rank()], more[rank()]])
    return torch.cat([gathered(part, sizes) for part, sizes in zip(parts, (counts, counts, more))])


def same(tensor: Tensor, source: int = 0) -> Tensor:
    """What one rank has, on all of them."""
    if world() > 1:
        tensor = tensor.contiguous()
        dist.broadcast(tensor, source)
    return tensor


def add_gradients(model: nn.Module) -> None:
    """Every gradient becomes the sum over the ranks."""
    if world() == 1:
        return
    found = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in found])
    dist.all_reduce(flat)
    for gradient, part in zip(found, flat.split([gradient.numel() for gradient in found])):
        gradient.copy_(part.view_as(gradient))


def synchronised(model: nn.Module) -> nn.Module:
    """The model with BatchNorms that see the batch of all ranks; with one process, the model itself."""
    if world() > 1:
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.__class__ = WholeBatchNorm
    return model


class WholeBatchNorm(_BatchNorm):
    """BatchNorm with the mean and variance over all ranks. torch's SyncBatchNorm does the same on CUDA alone."""

    def _check_input_dim(self, images: Tensor) -> None:
        """Any."""

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return batch_norm(images, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        x = images.float()
        axes, shape = [axis for axis in range(x.dim()) if axis != 1], [1, -1, *[1] * (x.dim() - 2)]
        count = _Sum.apply(x.new_tensor([x.numel() / x.shape[1]]))
        mean = _Sum.apply(x.sum(axes)) / count
        centred = x - mean.view(shape)
        variance = _Sum.apply(centred.square().sum(axes)) / count
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(images.dtype)


class _Sum(torch.autograd.Function):
    """The sum over ranks, and of their gradients on the way back."""

    @staticmethod
    def forward(_: object, value: Tensor) -> Tensor:
        value = value.clone()
        dist.all_reduce(value)
        return value

    @staticmethod
    def backward(_: object, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        dist.all_reduce(gradient)
        return gradient
