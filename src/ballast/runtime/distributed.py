"""Training by several processes that together compute what one process would: the ranks that torchrun starts.

Every rank passes its rows of a batch through the network. BatchNorm normalizes by the statistics of the whole batch.
Every rank gathers all projections and computes the same loss, whose gradient flows into its own rows only; the sum of
the ranks' gradients is the gradient that one process computes. Memories and selections are functions of gathered
values, so they are equal on all ranks.

We do not use DistributedDataParallel: it averages the gradients of losses that each rank computes from its own rows, in
a hook on the module's forward. Here the loss needs the projections of all ranks, and SDCLR calls the network with
masked weights (torch.func.functional_call), which bypasses that hook. `sum_gradients` sums all gradients in one flat
tensor after the backward pass, and does not overlap with it.
"""

import os

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import batch_norm, pad
from torch.nn.modules.batchnorm import _BatchNorm

from ballast.runtime.ranks import rank


def join_ranks(device: torch.device) -> torch.device:
    """Connect to the other ranks where torchrun started any, once, and return the device of this rank."""
    if "RANK" not in os.environ:
        return device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return device


def leave_ranks() -> None:
    """Disconnect from the other ranks."""
    if dist.is_initialized():
        dist.destroy_process_group()


def world_size() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def counts_per_rank(count: int) -> list[int]:
    """Divide ``count`` consecutive rows among the ranks; the numbers of rows differ by at most one."""
    return [(count + world_size() - 1 - number) // world_size() for number in range(world_size())]


def local_rows(rows: Tensor) -> Tensor:
    """Return the rows that belong to this rank."""
    return rows.split(counts_per_rank(len(rows)))[rank()] if world_size() > 1 else rows


def all_gather_rows(local: Tensor, counts: list[int]) -> Tensor:
    """Concatenate the rows [counts[r], d] of all ranks r; the gradient flows into the rows of this rank only."""
    if world_size() == 1:
        return local
    padded = pad(local.detach(), (0, 0, 0, max(counts) - len(local))).contiguous()
    parts = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(parts, padded)
    parts = [part[:count] for part, count in zip(parts, counts)]
    parts[rank()] = local
    return torch.cat(parts)


def all_gather_views(z: Tensor, pairs: list[int], partners: list[int]) -> Tensor:
    """Gather the projections of all ranks in the order that one process has.

    Args:
        z: projections [2 * pairs[r] + partners[r], d] of this rank r: first views, second views, partners.
        pairs: the number of images of each rank, all of which have two views.
        partners: the number of further views of each rank, such as views of neighbours.

    Returns:
        Projections [2 * sum(pairs) + sum(partners), d]: the first views of all ranks, the second ones, the partners.
    """
    if world_size() == 1:
        return z
    parts = z.split([pairs[rank()], pairs[rank()], partners[rank()]])
    return torch.cat([all_gather_rows(part, counts) for part, counts in zip(parts, (pairs, pairs, partners))])


def broadcast(tensor: Tensor, source: int = 0) -> Tensor:
    """Return the tensor of the rank ``source`` on every rank."""
    if world_size() > 1:
        tensor = tensor.contiguous()
        dist.broadcast(tensor, source)
    return tensor


def sum_gradients(model: nn.Module) -> None:
    """Replace every gradient of the model by its sum over the ranks."""
    if world_size() == 1:
        return
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
        gradient.copy_(part.view_as(gradient))


def synchronize_batchnorm(model: nn.Module) -> nn.Module:
    """Replace the BatchNorms of a model by ones that see the batch of all ranks, and return the model.

    The new layers share parameters and buffers with the old ones. With one process nothing changes. On CUDA they are
    torch's SyncBatchNorm, which has no CPU kernel; on the CPU they are `WholeBatchNorm`. Move the model to its device
    before.
    """
    if world_size() == 1:
        return model
    if any(parameter.is_cuda for parameter in model.parameters()):
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    if isinstance(model, _BatchNorm):
        return WholeBatchNorm.sharing(model)
    for name, child in model.named_children():
        setattr(model, name, synchronize_batchnorm(child))
    return model


class WholeBatchNorm(_BatchNorm):
    """BatchNorm whose mean and variance are those of the rows of all ranks, on any device."""

    @classmethod
    def sharing(cls, norm: _BatchNorm) -> "WholeBatchNorm":
        """Make a layer that shares the parameters and running statistics of ``norm``."""
        whole = cls(norm.num_features, norm.eps, norm.momentum)
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            setattr(whole, name, getattr(norm, name))
        return whole.train(norm.training)

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return batch_norm(images, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        x = images.to(self.running_mean.dtype)  # views may be bfloat16
        axes = [axis for axis in range(x.dim()) if axis != 1]
        shape = [1, -1, *[1] * (x.dim() - 2)]
        count = _SumOverRanks.apply(x.new_tensor([x.numel() / x.shape[1]]))
        mean = _SumOverRanks.apply(x.sum(axes)) / count
        centred = x - mean.view(shape)
        variance = _SumOverRanks.apply(centred.square().sum(axes)) / count
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(images.dtype)


class _SumOverRanks(torch.autograd.Function):
    """The sum of a tensor over the ranks; backward sums the gradients.

    torch.distributed.nn.functional.all_reduce does the same, but torch 2.12 deprecates it.
    """

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
