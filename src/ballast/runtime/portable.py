"""The same bytes on every x86-64 processor: libraries use the instructions that all of them have.

PyTorch, oneDNN, MKL, OpenBLAS, NumPy and faiss choose their kernels by the processor, and kernels add numbers in
different orders. The variables below choose for them; each library reads its own when it is loaded or first used, so
``make_portable`` comes before any of these imports. docs/guarantees.md says what was compared, and what it costs.
"""

import os
import platform
import sys
from pathlib import Path

CHOICES = {
    "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Haswell", "FAISS_OPT_LEVEL": "avx2"}
READERS = ("numpy", "torch", "faiss")  # modules that must not be loaded before
NUMPY = "NPY_DISABLE_CPU_FEATURES"
CPU = Path("/proc/cpuinfo")


def make_portable() -> None:
    """Set the variables, unless the environment has them already (`make portable` compares other choices)."""
    if any(name in sys.modules for name in READERS):
        return
    for name, value in CHOICES.items():
        os.environ.setdefault(name, value)
    if CPU.exists() and "avx512f" in CPU.read_text():  # NumPy warns where it has nothing to disable
        os.environ.setdefault(NUMPY, "X86_V4 AVX512_ICL AVX512_SPR")


def limit_threads(threads: int) -> None:
    """Give every library as many CPU threads as torch has, and let idle ones sleep.

    Without it each of several processes uses all cores, and their threads wait for each other in turn.
    """
    if any(name in sys.modules for name in READERS):
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)


def processor(portable: bool) -> str:
    """Return what made a result, to stand beside it: the name of the processor or GPU, or what they all share."""
    import torch

    if torch.cuda.is_available() and os.environ.get("BALLAST_DEVICE", "cuda") == "cuda":
        return torch.cuda.get_device_name()
    if portable and platform.machine() == "x86_64":
        return "x86-64, portable"
    names = [line.partition(":")[2].strip() for line in CPU.read_text().splitlines() if line.startswith("model name")
             ] if CPU.exists() else []
    return f"{names[0] if names else platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
