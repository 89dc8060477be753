"""The device that computes, and the reproducibility of its results."""

import os

import torch


def prepare(threads: int, deterministic: bool = True) -> torch.device:
    """Set up torch for this process and return its device.

    Args:
        threads: CPU threads. Their number changes the order of sums, and so the last bits of results.
        deterministic: give the same bytes in every run on the same device. Otherwise cuDNN tries its kernels and takes
            the fastest.
    """
    torch.set_num_threads(threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    torch.utils.deterministic.fill_uninitialized_memory = False  # a debugging aid that costs a sixth of a step
    torch.backends.cudnn.benchmark = not deterministic
    return device()


def allow_tf32(allowed: bool) -> None:
    """Say whether a GPU may compute float32 products and convolutions with 19 bits; on a CPU this changes nothing."""
    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cuda.matmul.allow_tf32 = allowed


def device() -> torch.device:
    """Return the GPU where there is one, otherwise the CPU.

    The environment variable BALLAST_DEVICE overrides the choice. It is not a parameter, because results must not depend
    on the machine.
    """
    return torch.device(os.environ.get("BALLAST_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu"))
