"""Copies to a GPU that go on beside the step before."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import torch
from torch import Tensor

Item = TypeVar("Item")


def moved_ahead(items: Iterable[Item], move: Callable[[Item], tuple[Tensor, ...]], device: torch.device
                ) -> Iterator[tuple[Tensor, ...]]:
    """Yield move(item) of every item.

    On a GPU the next item moves on a stream of its own while the last one is used: in the stream of the step its copy
    would wait behind the step.

    Args:
        items: in pinned memory, or on the device.
        move: starts the copies of an item, and whatever else the GPU can do before the item's turn.
        device: where the items go.
    """
    if device.type != "cuda":
        yield from map(move, items)
        return
    side, waiting = torch.cuda.Stream(device), None
    for item in items:
        with torch.cuda.stream(side):
            following = move(item)
            there = torch.cuda.Event()
            there.record(side)
        if waiting:
            yield arrived(*waiting)
        waiting = following, there
    if waiting:
        yield arrived(*waiting)


def arrived(tensors: tuple[Tensor, ...], there: torch.cuda.Event) -> tuple[Tensor, ...]:
    """Let the stream of the step wait for the tensors, and keep their memory until it has used them."""
    stream = torch.cuda.current_stream()
    stream.wait_event(there)
    for tensor in tensors:
        tensor.record_stream(stream)
    return tensors
