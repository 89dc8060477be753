"""The repeats of an experiment: each has a split and a seed of its own, which all rows share, so that rows pair."""

from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

SHARED = {"none": "none", "all": "all", "seen": "all"}  # stores below data/pool that do not differ between repeats
NOTHING = "none"
TRAINED = ("longtail", "balanced")  # lists that encoders train on; the others belong to the labels


class Repeat(NamedTuple):
    """One repeat, counted from 1."""

    number: int
    split: int  # which classes are common, and which images are in the lists
    seed: int  # of weights, order, augmentation and random selection

    def list(self, name: str) -> str:
        """Return the path of one of its lists of images; empty for none of them."""
        folder = "data/split" if name in TRAINED else "data/labels/split"
        return f"{folder}/{self.number}/{name}.npy" if name != NOTHING else ""

    def pool(self, pool: str) -> str:
        """Return the folder of the pool images that a row trains on: none, all of them, or what a row has selected."""
        return f"data/pool/{SHARED[pool]}" if pool in SHARED else f"data/pool/{pool}/{self.number}"

    def seen(self, pool: str) -> str:
        """Return the folder of the embeddings by which a row's rounds choose; empty where those of its network do."""
        return f"data/embed/{self.number}" if pool == "seen" else ""

    def start(self, weights: str) -> str:
        """Return the folder of the encoder that a row starts from, another row's or a given one; empty for none."""
        if weights == NOTHING:
            return ""
        return str(self.run(weights) if self.run(weights).is_dir() else Path("runs", weights))

    def selected(self, row: str) -> str:
        """Return the path of the list of pool images that a row has selected."""
        return f"{self.pool(row)}/selected.csv"

    def run(self, row: str) -> Path:
        """Return the folder of a row's training."""
        return Path("runs", row, str(self.number))


def repeats_of(p: SimpleNamespace) -> list[Repeat]:
    """Return the repeats; p has ``repeats``, and ``split`` and ``seed`` of the first one."""
    return [Repeat(number, p.split + number - 1, p.seed + number - 1) for number in range(1, p.repeats + 1)]
