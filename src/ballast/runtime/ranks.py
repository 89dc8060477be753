"""The number of this process among those that torchrun started; free of torch, for code that must start quickly."""

import os

from ballast.runtime.errors import BallastError


def rank() -> int:
    """Return the number of this process, 0 where there is only one. Rank 0 writes files and messages."""
    return number_of("RANK", 0)


def number_of(name: str, alone: int) -> int:
    """Return the number that a variable of torchrun holds, or what it is for a process alone."""
    text = os.environ.get(name, str(alone))
    if not text.isdecimal():
        raise BallastError(f"{name}: expected a number, as torchrun sets it, got {text!r}; unset it")
    return int(text)


def apart() -> str:
    """Return what keeps the temporary files of ranks apart: the number of this process, or nothing for one alone."""
    number = os.environ.get("RANK", "")
    return number if number.isdecimal() else ""
