"""torch's CUDA kernels of a norm over several ranks, written out for the CPU from their documentation in SyncBatchNorm.

Registering them lets ballast.runtime.batchnorm.FusedBatchNorm run where there is no GPU.
"""

import torch
from torch import Tensor

library = torch.library.Library("aten", "IMPL")


def columns(x: Tensor) -> Tensor:
    """Return x [B, C, ...] as float numbers [B * ..., C]."""
    return x.movedim(1, -1).flatten(0, -2).to(torch.promote_types(x.dtype, torch.float32))


def shaped(values: Tensor, x: Tensor) -> Tensor:
    """Return numbers per channel [C] so that they broadcast with x."""
    return values.view(1, -1, *[1] * (x.dim() - 2))


def stats(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return mean and 1 / sqrt(variance + eps) of every channel."""
    values = columns(x)
    return values.mean(0), (values.var(0, correction=0) + eps).rsqrt()


def gather(x: Tensor, mean: Tensor, invstd: Tensor, running_mean: Tensor, running_var: Tensor, momentum: float,
           eps: float, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Join the statistics [ranks, C] of ranks with ``counts`` numbers per channel; update the running ones."""
    counts = counts.to(mean.dtype)
    share = (counts / counts.sum())[:, None]
    joined = (share * mean).sum(0)
    variance = (share * (invstd**-2 - eps + (mean - joined) ** 2)).sum(0)
    running_mean.lerp_(joined.to(running_mean.dtype), momentum)
    running_var.lerp_((variance * counts.sum() / (counts.sum() - 1)).to(running_var.dtype), momentum)
    return joined, (variance + eps).rsqrt()


def elemt(x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, invstd: Tensor, eps: float) -> Tensor:
    """Normalize."""
    out = (x.to(mean.dtype) - shaped(mean, x)) * shaped(invstd * weight, x) + shaped(bias, x)
    return out.to(x.dtype)


def backward_reduce(dy: Tensor, x: Tensor, mean: Tensor, invstd: Tensor, weight: Tensor, *_: bool) -> tuple:
    """Return the sums of dy and of dy (x - mean) over the rows of this rank, and the gradients of weight and bias."""
    dy, centred = columns(dy), columns(x) - mean
    dy_xmu = (dy * centred).sum(0)
    return dy.sum(0), dy_xmu, (dy_xmu * invstd).to(weight.dtype), dy.sum(0).to(weight.dtype)


def backward_elemt(dy: Tensor, x: Tensor, mean: Tensor, invstd: Tensor, weight: Tensor, sum_dy: Tensor,
                   sum_dy_xmu: Tensor, counts: Tensor) -> Tensor:
    """Return the gradient of x, from the sums over all ranks."""
    total = counts.sum()
    dy, centred = dy.to(mean.dtype), x.to(mean.dtype) - shaped(mean, x)
    inner = dy - shaped(sum_dy / total, x) - centred * shaped(invstd**2 * sum_dy_xmu / total, x)
    return (inner * shaped(invstd * weight, x)).to(x.dtype)


for name, kernel in {"batch_norm_stats": stats, "batch_norm_gather_stats_with_counts": gather,
                     "batch_norm_elemt": elemt, "batch_norm_backward_reduce": backward_reduce,
                     "batch_norm_backward_elemt": backward_elemt}.items():
    library.impl(name, kernel, "CPU")
