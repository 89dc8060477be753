"""A GPU that is not there: code runs for real on the CPU, while every storage carries the device that it would be on.

Two of torch's modes see all that happens: `Functions` whatever names a device, `Operators` every aten operator, also in
the backward pass. What a real GPU would refuse or wait for is noted in `Found`.
"""

import contextlib
from collections.abc import Iterator
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from ballast.runtime.constants import kept
from tests.device.found import Found
from tests.device.graph import Graph, recorded
from tests.device.operators import Operators
from tests.device.places import ANYWHERE, Places

CUDA = torch.device("cuda", 0)
CPU = torch.device("cpu")
FACTORIES = {getattr(torch, name) for name in (
    "tensor", "arange", "empty", "zeros", "ones", "full", "rand", "randn", "randint", "randperm", "eye", "linspace",
    "scalar_tensor", "as_tensor", "asarray", "empty_strided", "from_numpy", "frombuffer", "logspace")}
FROM_VALUES = {torch.tensor, torch.as_tensor, torch.asarray, Tensor.new_tensor}  # of Python: copied, and waited for
NEW = {Tensor.new_tensor, Tensor.new_zeros, Tensor.new_ones, Tensor.new_full, Tensor.new_empty}
DEVICE, IS_CUDA = Tensor.device.__get__, Tensor.is_cuda.__get__


@contextlib.contextmanager
def logical_gpu() -> Iterator[Found]:
    """Make ``cuda`` a device on which code runs; yield what it would have met there."""
    places, found = Places(), Found()
    operators = Operators(places, found)
    found.recording = lambda: operators.recording is not None
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.multiple(
            torch.cuda, set_device=lambda _: None, get_device_name=lambda _: "logical GPU", Stream=Stream,
            synchronize=lambda *_: found.wait("synchronize"), current_stream=Stream,
            stream=lambda _: contextlib.nullcontext(), Event=type("Event", (Event,), {"found": found}), CUDAGraph=Graph,
            graph=lambda graph: recorded(operators, graph)))
        stack.enter_context(mock.patch.object(torch, "autocast", Autocast))
        stack.enter_context(mock.patch.object(Tensor, "record_stream", lambda *_: None))
        kept.cache_clear()  # what was made on the real device is elsewhere here
        stack.callback(kept.cache_clear)
        stack.enter_context(Functions(places, found, operators))
        stack.enter_context(operators)
        yield found


class Functions(TorchFunctionMode):
    """Answers questions about devices, and runs on the CPU what names the GPU."""

    def __init__(self, places: Places, found: Found, operators: Operators) -> None:
        super().__init__()
        self.places, self.found, self.operators = places, found, operators

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        first = args[0] if args and isinstance(args[0], Tensor) else None
        on_gpu = first is not None and self.places.of(first) == "cuda"
        if func == DEVICE:
            return CUDA if on_gpu else CPU
        if func == IS_CUDA:
            return on_gpu
        if func is Tensor.get_device:
            return 0 if on_gpu else -1
        if func is Tensor.is_pinned:
            return self.places.is_pinned(first)
        if func is Tensor.pin_memory:
            return self._made(Tensor.clone, args, {}, "cpu", pinned=True)
        if func in (Tensor.numpy, Tensor.__array__) and on_gpu:
            self.found.error("numpy() of a tensor of the GPU")
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        if func is Tensor.tolist and on_gpu:
            self.found.wait("tolist")
            return self._made(Tensor.clone, (first.detach(),), {}, "cpu").tolist()
        if func in (Tensor.cpu, Tensor.cuda):
            target = "cpu" if func is Tensor.cpu else "cuda"
            return self._moved(first, target, kwargs.get("non_blocking", False))
        if func is Tensor.to:
            return self._to(args, kwargs)
        if func is Tensor.__deepcopy__:
            out = func(*args, **kwargs)
            self.places.put(out, self.places.of(first))
            return out
        return self._factory(func, args, kwargs)

    def _factory(self, func, args: tuple, kwargs: dict) -> object:
        """Run a function; where it makes tensors from none, say where they are."""
        wanted = kwargs.get("device")
        wanted = None if wanted is None else torch.device(wanted).type
        pinned = kwargs.pop("pin_memory", False)
        if func in NEW:
            wanted = wanted or self.places.of(args[0])
        elif func not in FACTORIES and wanted is None and not pinned:
            return func(*args, **kwargs)
        if "device" in kwargs:
            kwargs["device"] = "cpu"
        if wanted == "cuda" and func in FROM_VALUES:
            self.found.wait(f"{func.__name__} of values of Python")
        if wanted == "cuda" and isinstance(kwargs.get("generator"), torch.Generator):
            self.found.error("a generator of the CPU draws on the GPU")
        return self._made(func, args, kwargs, wanted or "cpu", pinned)

    def _made(self, func, args: tuple, kwargs: dict, device: str, pinned: bool = False) -> object:
        before, self.operators.made_on = self.operators.made_on, device
        try:
            out = func(*args, **kwargs)
        finally:
            self.operators.made_on = before
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and not (func is torch.as_tensor and self.places.of(tensor) == "cuda"):
                self.places.put(tensor, device, pinned)
        return out

    def _to(self, args: tuple, kwargs: dict) -> Tensor:
        """Run Tensor.to, whose arguments may be a device, a type, another tensor and flags."""
        target, rest = kwargs.pop("device", None), []
        non_blocking = kwargs.pop("non_blocking", False)
        for argument in args[1:]:
            if isinstance(argument, (torch.device, str)):
                target = argument
            elif isinstance(argument, Tensor):
                target = self.places.of(argument)
                rest.append(argument.dtype)
            elif isinstance(argument, bool):
                non_blocking = argument
            elif argument is not None:
                rest.append(argument)
        out = Tensor.to(args[0], *rest, **kwargs) if rest or kwargs else args[0]
        return out if target is None else self._moved(out, torch.device(target).type, non_blocking)

    def _moved(self, tensor: Tensor, device: str, non_blocking: bool) -> Tensor:
        """Return a tensor on a device: itself where it is there, or else a copy."""
        if self.places.of(tensor) == device:
            return tensor
        if self.places.of(tensor) == ANYWHERE:
            self.places.put(tensor, device)
            return tensor
        out = self._made(Tensor.clone, (tensor,), {}, device, pinned=device == "cpu" and non_blocking)
        self.operators.copied(tensor, out, device, non_blocking)
        return out


class Autocast(torch.autocast):
    """Autocast of the CPU in the place of the GPU's."""

    def __init__(self, device_type: str, *args: object, **kwargs: object) -> None:
        super().__init__("cpu", *args, **kwargs)


class Stream:
    """A stream of work; here all work is in order."""

    def __init__(self, _: object = None) -> None:
        """Make it on a device."""

    def wait_stream(self, _: object) -> None:
        """Do nothing."""

    def wait_event(self, _: object) -> None:
        """Do nothing."""


class Event:
    """A place in a stream; waiting for it on the host is noted."""

    found: Found  # of a subclass for every logical GPU

    def record(self, *_: object) -> None:
        """Do nothing."""

    def synchronize(self) -> None:
        """Note that the host waits."""
        self.found.wait("an event")
