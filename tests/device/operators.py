"""Every aten operator on a logical GPU: what it would refuse, wait for, launch; where its results are."""

import torch
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.device.found import Found
from tests.device.places import ANYWHERE, Places, size

STAGED = 64 << 10  # bytes up to which a copy from pageable memory to the device does not hold up the host
INDEXING = ("index", "index_put_", "_index_put_impl_", "index_put")
MIXES = {*INDEXING, "copy_", "set_", "_to_copy", "lift_fresh", "_unsafe_index", "_unsafe_index_put"}
LAUNCHES_NOTHING = {"_unsafe_view", "detach", "alias", "lift_fresh", "empty", "empty_like", "empty_strided",
                    "_local_scalar_dense", "_reshape_alias", "new_empty", "new_empty_strided", "set_", "resize_",
                    "is_same_size", "record_stream", "is_pinned"}
WAITS = {"_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select", "_unique2", "unique_dim",
         "unique_consecutive", "bincount"}
# From the documentation of torch.use_deterministic_algorithms (2.12): operators that raise on CUDA.
RAISES = {"kthvalue", "median", "nanmedian", "histc", "grid_sampler_2d_backward", "grid_sampler_3d_backward", "put_",
          "upsample_linear1d_backward", "upsample_bilinear2d_backward", "upsample_bicubic2d_backward",
          "reflection_pad1d_backward", "reflection_pad2d_backward", "replication_pad1d_backward",
          "replication_pad2d_backward", "_adaptive_avg_pool2d_backward", "avg_pool3d_backward",
          "adaptive_max_pool2d_backward", "max_pool3d_with_indices_backward", "nll_loss2d_forward",
          "_ctc_loss_backward", "max_unpool2d", "fractional_max_pool2d_backward", "scatter_reduce", "_embedding_bag"}


class Operators(TorchDispatchMode):
    """Sees every operator, those of the backward pass too."""

    def __init__(self, places: Places, found: Found) -> None:
        super().__init__()
        self.places, self.found = places, found
        self.made_on = ANYWHERE  # where the function that runs now makes its tensors
        self.recording = None  # the CUDA graph that is recorded now

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func._schema.name.partition("::")[2]
        with torch._C.DisableTorchFunction():
            given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
            devices = [self.places.of(tensor) for tensor in given]
            if "cuda" in devices:
                self._look(name, func, args, kwargs, given, devices)
            if self.recording is not None:
                self.recording.keep(given)
            out = func(*args, **kwargs)
            self._place(name, func, given, devices, out)
            if self.recording is not None:
                self.recording.add(func, args, kwargs, out)
        return out

    def _place(self, name: str, func, given: list[Tensor], devices: list[str], out: object) -> None:
        """Say where the results are, and count a launch where they are on the GPU."""
        device = self.made_on if not given else next((d for d in ("cuda", "cpu") if d in devices), ANYWHERE)
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and not self.places.knows(tensor):
                self.places.put(tensor, device)
        if device == "cuda" and not func.is_view and name not in LAUNCHES_NOTHING:
            self.found.launches[name] += 1

    def _look(self, name: str, func, args: tuple, kwargs: dict, given: list[Tensor], devices: list[str]) -> None:
        """Note what a GPU would refuse or wait for."""
        mixed = any(device == "cpu" and tensor.dim() for tensor, device in zip(given, devices))
        if mixed and name not in MIXES:
            self.found.error(f"{name} of {[(tuple(t.shape), d) for t, d in zip(given, devices)]}")
        elif name in INDEXING:
            self._look_at_index(args, devices[0])
        elif name == "copy_" and devices[0] != devices[1]:
            self.copied(given[1], given[0], devices[0], len(args) > 2 and args[2])
        if name in WAITS or (name == "repeat_interleave" and kwargs.get("output_size") is None):
            self.found.wait(name)
        if name in RAISES or (name in ("cumsum", "cumsum_") and given[0].is_floating_point()) or (
                name == "bincount" and len(given) > 1):
            self.found.alert(name)
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Generator) and leaf.device.type == "cpu":
                self.found.error(f"{name}: a generator of the CPU draws on the GPU")

    def _look_at_index(self, args: tuple, target: str) -> None:
        index = [part for part in args[1] if isinstance(part, Tensor)]
        if any(part.dtype in (torch.bool, torch.uint8) for part in index):
            self.found.wait("a boolean index")
        if target == "cpu":
            self.found.error("an index or values of the GPU for a tensor of the CPU")
        elif any(self.places.of(part) == "cpu" for part in index):
            self.found.wait("an index of the CPU")
        if len(args) > 2 and isinstance(args[2], Tensor) and args[2].dim() and self.places.of(args[2]) == "cpu":
            self.found.error("values of the CPU put into a tensor of the GPU")

    def copied(self, source: Tensor, target: Tensor, to: str, non_blocking: bool) -> None:
        """Note a copy between host and device if the host waits for it."""
        host = source if to == "cuda" else target
        pinned = self.places.is_pinned(host)
        staged = to == "cuda" and size(source) <= STAGED
        if source.numel() and not (non_blocking and (pinned or staged)):
            kind = "pinned" if pinned else "pageable"
            way = "to" if to == "cuda" else "from"
            self.found.wait(f"a copy {way} the device, {kind}{', non_blocking' if non_blocking else ''}")
