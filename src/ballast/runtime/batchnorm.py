"""BatchNorm whose mean and variance are those of the rows of all ranks (Ioffe and Szegedy, ICML 2015).

    y = weight (x - mean) / sqrt(variance + eps) + bias,  mean and variance per channel over all rows and places

On CUDA it is made of torch's own kernels, with one collective in each direction, and the host never waits. On the CPU,
where those kernels do not exist, `WholeBatchNorm` computes the same from sums. torch's SyncBatchNorm serves neither: it
reads the counts of the other ranks back to the host, and fails in bfloat16 where a rank has no rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm

from ballast.runtime.constants import constant
from ballast.runtime.distributed import world_size
from ballast.runtime.ranks import rank

rows_per_rank: list[Sequence[int]] = []  # rows of every rank in the forward pass that runs now


@contextmanager
def rows_of_ranks(rows: Sequence[int]) -> Iterator[None]:
    """Say how many rows each rank has in the forward passes within; every rank knows, so that nobody has to ask."""
    rows_per_rank.append(rows)
    try:
        yield
    finally:
        rows_per_rank.pop()


def synchronize_batchnorm(model: nn.Module) -> nn.Module:
    """Replace the BatchNorms of a model by ones that see the batch of all ranks, and return the model.

    The new layers share parameters and buffers with the old ones. With one process nothing changes. Move the model to
    its device before.
    """
    if world_size() == 1:
        return model
    if isinstance(model, _BatchNorm):
        return (FusedBatchNorm if model.weight.is_cuda else WholeBatchNorm).sharing(model)
    for name, child in model.named_children():
        setattr(model, name, synchronize_batchnorm(child))
    return model


class _OverRanks(_BatchNorm):
    """What both have in common; ``following`` acts on the output, as within timm's BatchNormAct2d."""

    following: Sequence[nn.Module] = ()

    @classmethod
    def sharing(cls, norm: _BatchNorm) -> "_OverRanks":
        """Make a layer that shares the parameters and running statistics of ``norm``."""
        whole = cls(norm.num_features, norm.eps, norm.momentum)
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            setattr(whole, name, getattr(norm, name))
        whole.following = [getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)]
        return whole.train(norm.training)

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                self.num_batches_tracked.add_(1)
            out = self.normalized(images)
        else:
            out = batch_norm(images, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        for module in self.following:
            out = module(out)
        return out

    def normalized(self, images: Tensor) -> Tensor:
        """Normalize by the statistics of all ranks, and remember them."""
        raise NotImplementedError


class FusedBatchNorm(_OverRanks):
    """The norm on CUDA: an all_gather of means and deviations forward, an all_reduce of two sums backward."""

    @torch.compiler.disable  # torch.compile cannot look into the collectives
    def normalized(self, images: Tensor) -> Tensor:
        """Normalize by the statistics of all ranks, and remember them."""
        counts = counts_of(images, rows_per_rank[-1])
        return _Fused.apply(images, self.weight, self.bias, self.running_mean, self.running_var, counts, self.momentum,
                            self.eps)


def counts_of(images: Tensor, rows: Sequence[int]) -> Tensor:
    """Return how many numbers each rank has per channel, float32 [ranks], where it has rows of the shape of images."""
    if len(images) != rows[rank()]:
        raise ValueError(f"rank {rank()}: expected {rows[rank()]} of the rows {list(rows)}, got {len(images)}")
    places = images.shape[2:].numel()
    return constant(tuple(count * places for count in rows), (torch.float32, images.device))


def in_format(tensor: Tensor, like: Tensor) -> Tensor:
    """Return a tensor laid out in memory as another: with the channels last, or contiguous."""
    channels_last = like.dim() == 4 and like.is_contiguous(memory_format=torch.channels_last)
    return tensor.contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)


class _Fused(torch.autograd.Function):
    """The norm of x [B, C, ...]; a rank without rows takes part in the collectives with a count of 0."""

    @staticmethod
    def forward(ctx, x, weight, bias, running_mean, running_var, counts, momentum, eps):
        x = in_format(x, x)
        if len(x):
            mean, invstd = torch.batch_norm_stats(x, eps)
        else:
            mean, invstd = torch.zeros_like(running_mean), torch.ones_like(running_mean)
        mine = torch.cat([mean, invstd])
        everyones = mine.new_empty(len(counts) * len(mine))
        dist.all_gather_into_tensor(everyones, mine)
        means, invstds = everyones.view(len(counts), -1).chunk(2, 1)
        mean, invstd = torch.batch_norm_gather_stats_with_counts(x, means, invstds, running_mean, running_var, momentum,
                                                                 eps, counts)
        ctx.save_for_backward(x, weight, mean, invstd, counts)
        return torch.batch_norm_elemt(x, weight, bias, mean, invstd, eps) if len(x) else torch.empty_like(x)

    @staticmethod
    def backward(ctx, gradient):
        x, weight, mean, invstd, counts = ctx.saved_tensors
        if len(x):
            gradient = in_format(gradient, x)
            dy, dy_xmu, grad_weight, grad_bias = torch.batch_norm_backward_reduce(gradient, x, mean, invstd, weight,
                                                                                  True, True, True)
        else:
            dy, dy_xmu, grad_weight, grad_bias = (torch.zeros_like(mean) for _ in range(4))
        sums = torch.cat([dy, dy_xmu])
        dist.all_reduce(sums)
        grad_x = torch.batch_norm_backward_elemt(gradient, x, mean, invstd, weight, *sums.chunk(2),
                                                 counts.int()) if len(x) else torch.empty_like(x)
        return grad_x, grad_weight, grad_bias, None, None, None, None, None


class WholeBatchNorm(_OverRanks):
    """The norm on the CPU, from sums over the ranks."""

    def normalized(self, images: Tensor) -> Tensor:
        """Normalize by the statistics of all ranks, and remember them."""
        x = images.to(self.running_mean.dtype)  # views may be bfloat16
        axes = [axis for axis in range(x.dim()) if axis != 1]
        shape = [1, -1, *[1] * (x.dim() - 2)]
        count = _SumOverRanks.apply(x.new_tensor([x.numel() / x.shape[1]]))
        mean = _SumOverRanks.apply(x.sum(axes)) / count
        centred = x - mean.view(shape)
        variance = _SumOverRanks.apply(centred.square().sum(axes)) / count
        with torch.no_grad():
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
