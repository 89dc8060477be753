"""CUDA graphs on a logical GPU: what is launched while one is recorded runs again, on the same tensors, at a replay."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import tree_leaves

from tests.device.operators import Operators
from tests.device.places import address


class Graph:
    """A recording; as on a GPU, whatever Python did beside the launches is not in it."""

    def __init__(self) -> None:
        self.operators: list[tuple] = []
        self.before: dict[int, tuple[Tensor, Tensor]] = {}  # what the recording may change, and copies of it
        self.made: set[int] = set()

    def replay(self) -> None:
        """Run all operators again, and put their results where those of the recording are."""
        with torch.no_grad(), _disable_current_modes():
            for func, args, kwargs, out in self.operators:
                if not func.is_view:
                    put(func(*args, **kwargs), out, {address(tensor) for tensor in leaves((args, kwargs))})

    def keep(self, given: list[Tensor]) -> None:
        """Copy tensors from before the recording, in which a GPU would compute nothing yet."""
        for tensor in given:
            key = address(tensor)
            if key not in self.made and key not in self.before:
                whole = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
                self.before[key] = whole, whole.clone()

    def add(self, func, args: tuple, kwargs: dict, out: object) -> None:
        """Note an operator that has run."""
        self.operators.append((func, args, kwargs, out))
        self.made |= {address(tensor) for tensor in leaves(out)} - self.before.keys()

    def restore(self) -> None:
        """Undo what the recording has computed."""
        for whole, copy in self.before.values():
            whole.copy_(copy)


def put(new: object, old: object, given: set[int]) -> None:
    """Copy results to their places; those in the memory of an argument are there already."""
    for source, target in zip(leaves(new), leaves(old)):
        if address(target) not in given:
            target.copy_(source)


def leaves(tree: object) -> list[Tensor]:
    """Return the tensors of nested containers."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


@contextlib.contextmanager
def recorded(operators: Operators, graph: Graph) -> Iterator[None]:
    """Record what is launched within."""
    operators.recording = graph
    try:
        yield
    finally:
        operators.recording = None
        with torch.no_grad(), _disable_current_modes():
            graph.restore()
