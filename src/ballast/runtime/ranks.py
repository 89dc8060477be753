"""The number of this process among those that torchrun started; free of torch, for code that must start quickly."""

import os


def rank() -> int:
    """Return the number of this process, 0 where there is only one. Rank 0 writes files and messages."""
    return int(os.environ.get("RANK", 0))


def apart() -> str:
    """Return what keeps the temporary files of ranks apart: the number of this process, or nothing for one alone."""
    number = os.environ.get("RANK", "")
    return number if number.isdecimal() else ""
