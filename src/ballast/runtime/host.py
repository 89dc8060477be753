"""Copies in the memory of the host, which outlive a device that hangs or fails."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import torch
from torch import Tensor

Tree = TypeVar("Tree")


def copied(tree: Tree) -> Tree:
    """Return a copy of nested dictionaries, lists and tuples, with all tensors on the CPU.

    Tensors of a GPU are copied side by side into pinned memory, and the host waits once, until all are there.
    """
    found: list[Tensor] = []
    copy = _copied(tree, found)
    for device in {tensor.device for tensor in found if tensor.is_cuda}:
        torch.cuda.synchronize(device)
    return copy


def _copied(tree: object, found: list[Tensor]) -> object:
    if isinstance(tree, Tensor):
        found.append(tree)
        return tree.detach().to("cpu", non_blocking=True, copy=True)
    if isinstance(tree, dict):
        return {key: _copied(value, found) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_copied(value, found) for value in tree)
    return tree


def arriving(blocks: Iterable[Tensor]) -> Iterator[Tensor]:
    """Yield tensors on the CPU; a GPU copies one, on a stream beside, while it computes the next."""
    waiting: tuple[Tensor, torch.cuda.Event | None] | None = None
    side = None
    for block in blocks:
        if block.is_cuda:
            side = side or torch.cuda.Stream(block.device)
            following = _copied_beside(block, side)
        else:
            following = block, None
        if waiting:
            yield _arrived(*waiting)
        waiting = following
    if waiting:
        yield _arrived(*waiting)


def _copied_beside(block: Tensor, side: torch.cuda.Stream) -> tuple[Tensor, torch.cuda.Event]:
    """Start the copy of a block once it is computed; return it, and the event of its end."""
    computed, there = torch.cuda.Event(), torch.cuda.Event()
    computed.record(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        side.wait_event(computed)
        copy = block.to("cpu", non_blocking=True)
        there.record(side)
    block.record_stream(side)  # its memory is not used again before
    return copy, there


def _arrived(tensor: Tensor, there: torch.cuda.Event | None) -> Tensor:
    if there:
        there.synchronize()
    return tensor
