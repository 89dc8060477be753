"""Training by several processes that together compute what one process would: the ranks that torchrun starts.

Every rank passes its rows of a batch through the network. BatchNorm normalizes by the statistics of the whole batch
(ballast.runtime.batchnorm). Every rank gathers all projections and computes the same loss, whose gradient flows into
its own rows only; the sum of the ranks' gradients (ballast.runtime.gradients) is the gradient that one process
computes. Memories and selections are functions of gathered values, so they are equal on all ranks.
"""

import os
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.functional import pad

from ballast.runtime.errors import BallastError
from ballast.runtime.ranks import rank

OF_TORCHRUN = ("LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
PATIENCE = timedelta(minutes=30)  # for the slowest rank, which may be clustering or saving


def join_ranks(device: torch.device) -> torch.device:
    """Connect to the other ranks where torchrun started any, once, and return the device of this rank."""
    if "RANK" not in os.environ:
        return device
    missing = [name for name in OF_TORCHRUN if not os.environ.get(name)]
    if missing and not dist.is_initialized():
        raise BallastError(f"RANK: expected the variables of torchrun with it, got none of {', '.join(missing)}; start "
                           f"by BALLAST_LAUNCHER=\"torchrun ...\", or unset RANK")
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        on_gpu = device.type == "cuda"
        store, number, ranks = next(dist.rendezvous("env://", timeout=PATIENCE))
        # torchrun's store outlives a restart (torch 2.12): without a prefix, addresses of killed ranks would be found.
        store = dist.PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)
        dist.init_process_group("nccl" if on_gpu else "gloo", store=store, rank=number, world_size=ranks,
                                device_id=device if on_gpu else None, timeout=PATIENCE)
    return device


def described(device: torch.device) -> str:
    """Return what computes, for people: the device, and how many of them."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return name if world_size() == 1 else f"{world_size()} x {name}"


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


def gathered(local: Tensor) -> Tensor:
    """Concatenate rows [n, ...] of all ranks, each of which may have another number of them; without a gradient."""
    count = torch.tensor([len(local)], device=local.device)
    counts = [torch.empty_like(count) for _ in range(world_size())]
    dist.all_gather(counts, count)
    counts = torch.cat(counts).tolist()
    if not max(counts):
        return local
    flat = local.flatten(1) if local.dim() > 1 else local[:, None]
    return all_gather_rows(flat, counts).reshape(-1, *local.shape[1:])


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


def summed(tensor: Tensor) -> Tensor:
    """Return the sum over all ranks."""
    if world_size() > 1:
        dist.all_reduce(tensor)
    return tensor


def broadcast(tensor: Tensor, source: int = 0) -> Tensor:
    """Return the tensor of the rank ``source`` on every rank."""
    if world_size() > 1:
        tensor = tensor.contiguous()
        dist.broadcast(tensor, source)
    return tensor
