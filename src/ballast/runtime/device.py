"""Which device computes, and how reproducibly."""

import os

import torch


def prepare(threads: int, deterministic: bool = True) -> torch.device:
    """Pin CPU threads (their number changes the last bits of sums) and pick the device.

    deterministic: the same bytes in every run on the same device; without it cuDNN tries kernels and takes the fastest.
    """
    torch.set_num_threads(threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    torch.utils.deterministic.fill_uninitialized_memory = False  # a debugging aid that costs a sixth of a step
    torch.backends.cudnn.benchmark = not deterministic
    return device()


def device() -> torch.device:
    """BALLAST_DEVICE overrides the choice; it is no parameter because a machine's devices are none of the result's."""
    return torch.device(os.environ.get("BALLAST_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu"))
