"""The repeats of an experiment: each has a split and a seed of its own, which all rows share, so that rows pair."""

from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

SHARED = ("none", "all")  # stores below data/pool that do not differ between repeats


class Repeat(NamedTuple):
    """One repeat, counted from 1."""

    number: int
    split: int  # which classes are common, and which images are in the lists
    seed: int  # of weights, order, augmentation and random selection

    def list(self, name: str) -> str:
        """Return the path of one of its lists of images."""
        return f"data/split/{self.number}/{name}.npy"

    def pool(self, pool: str) -> str:
        """Return the folder of the pool images that a row trains on: all, none, or what a row has selected."""
        return f"data/pool/{pool}" if pool in SHARED else f"data/pool/{pool}/{self.number}"

    def selected(self, row: str) -> str:
        """Return the path of the list of pool images that a row has selected."""
        return f"{self.pool(row)}/selected.csv"

    def run(self, row: str) -> Path:
        """Return the folder of a row's training."""
        return Path("runs", row, str(self.number))


def repeats_of(p: SimpleNamespace) -> list[Repeat]:
    """Return the repeats; p has ``repeats``, and ``split`` and ``seed`` of the first one."""
    return [Repeat(number, p.split + number - 1, p.seed + number - 1) for number in range(1, p.repeats + 1)]
