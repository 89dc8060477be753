"""The device that computes, and the reproducibility of its results."""

import os

import torch

from ballast.runtime.errors import BallastError


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

    Raises:
        BallastError: it names no device of this machine.
    """
    named = os.environ.get("BALLAST_DEVICE")
    if not named:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(named)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise BallastError(f"BALLAST_DEVICE: expected a device of this machine, cpu or cuda, got {named!r} "
                           f"({str(error).splitlines()[0]})") from error
    return chosen
