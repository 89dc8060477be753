"""Two ranks in processes of their own, with torch's kernels of a norm written out for the CPU."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from ballast.runtime.distributed import leave_ranks


def results(work: Callable[[int], dict], folder: Path) -> list[dict]:
    """Return work(rank) of both; ``work`` is a function of a module."""
    mp.spawn(_rank, (work, str(folder)), nprocs=2)
    return [torch.load(folder / f"{number}.pt", weights_only=True) for number in range(2)]


def _rank(number: int, work: Callable[[int], dict], folder: str) -> None:
    import tests.device.norm_kernels  # noqa: F401 (registers them)

    torch.set_num_threads(1)
    os.environ |= {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number)}
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=number, world_size=2)
    torch.save(work(number), f"{folder}/{number}.pt")
    leave_ranks()
