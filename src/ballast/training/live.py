"""A training as it runs: a line for every epoch, its loss and how long it still takes, and what looks wrong.

Nothing here changes a result: the weights stay, the statistics of BatchNorms stay, and no random number is drawn that a
training draws.
"""

import csv
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from ballast.augment.draws import contrastive
from ballast.config.profile import Augment
from ballast.encoders.model import Model
from ballast.images.store import Store
from ballast.runtime.philox import Stream
from ballast.training.health import COLLAPSED, health, kept, neighbours

SAMPLE = 128  # in-domain images that are looked at
PART = 0.005  # of the time of a training is spent on looks
WINDOW = 0.1  # of the epochs, over which a plateau is judged; at least ten
FLAT = 0.001  # fall of the loss, as a fraction, that is none
EARLY = 0.8  # part of the epochs after which no plateau is named: there the rate ends it


class Live:
    """The file of one training."""

    def __init__(self, path: Path, name: str, epochs: int, model: Model, images: Store, augment: Augment, seed: int
                 ) -> None:
        """Begin, or go on with what an earlier process has written.

        Args:
            path: a .csv with a line for every epoch.
            name: of the training, in messages.
            epochs: of the whole training.
            model: that trains.
            images: the in-domain images; without any, only losses are written.
            augment, seed: as the training has them.
        """
        self.path, self.name, self.epochs, self.model, self.images = path, name, epochs, model, images
        self.sample = torch.arange(0, len(images), max(1, -(-len(images) // SAMPLE)))
        self.augment, self.stream = augment, Stream(seed, "health")
        self.lines = read(path)
        self.start, self.first, self.spent = time.monotonic(), None, 0.0
        self.before: Tensor | None = None
        self.losses: list[float] = []
        self.said: set[str] = set()

    def note(self) -> str:
        """Return what the progress line says: the loss, and the effective rank of the last look."""
        rank = next((f", rank {float(line['rank']):.1f}" for line in reversed(self.lines) if line.get("rank")), "")
        return f"loss {float(self.lines[-1]['loss']):.4g}{rank}" if self.lines else ""

    def epoch(self, row: dict[str, float]) -> None:
        """Write the line of an epoch."""
        number, elapsed = int(row["epoch"]), time.monotonic() - self.start
        self.first = number if self.first is None else self.first
        left = elapsed / (number - self.first + 1) * (self.epochs - number)
        line = {**row, "seconds": round(elapsed, 2), "left": round(left, 1), "of": self.epochs,
                **(self.look() if self.due(elapsed) else {})}
        self.lines = [old for old in self.lines if int(old["epoch"]) < number]  # what a killed process did further
        with suppress(OSError):  # a full disk is for who saves the state to report
            write(self.path, self.lines, line)
        self.lines.append(line)
        self.judge(line)

    def due(self, elapsed: float) -> bool:
        """Return whether there is time for a look."""
        return len(self.sample) > 2 and self.spent <= PART * elapsed

    @torch.no_grad()
    def look(self) -> dict[str, float]:
        """Return the health of the training, by a sample of the images in evaluation mode."""
        begin, training = time.monotonic(), self.model.training
        self.model.eval()
        rows = self.sample.to(self.images.draws_device)
        draws = contrastive(rows, range(2), *self.images.sides(rows), self.augment, self.stream)
        with torch.compiler.set_stance("force_eager"):  # a graph for this one shape would take longer than it saves
            h = self.model.features(self.images.views(self.sample))
            z, other = (self.model(self.images.views(self.sample, draws.map(lambda column, v=view: column[:, v])))[1]
                        for view in (0, 1))
        found = {name: round(value, 4) for name, value in health(h, z, other).items()}
        now = neighbours(h)
        if self.before is not None:
            found["kept"] = round(kept(now, self.before), 4)
        self.before = now
        self.model.train(training)
        self.spent += time.monotonic() - begin
        return found

    def judge(self, line: dict[str, float]) -> None:
        """Say once what looks wrong."""
        self.losses.append(line["loss"])
        if line.get("spread", 1.0) < COLLAPSED:
            self.say("collapsed", f"the projections of all images are nearly one (spread {line['spread']:.3f}, "
                                  f"rank of the features {line['rank']:.1f}); lower the rate, or raise the batch")
        window = max(10, round(WINDOW * self.epochs))
        if len(self.losses) >= 2 * window and line["epoch"] <= EARLY * self.epochs:
            before, last = (sum(part) / window for part in (self.losses[-2 * window : -window], self.losses[-window:]))
            if before - last < FLAT * abs(before):
                self.say("plateau", f"the loss has not fallen in {window} epochs ({before:.4g}, {last:.4g})")

    def say(self, what: str, text: str) -> None:
        """Print a line, once."""
        if what not in self.said:
            self.said.add(what)
            print(f"{self.name}: {what} in epoch {int(self.lines[-1]['epoch'])}: {text}", file=sys.stderr, flush=True)


def read(path: Path) -> list[dict[str, str]]:
    """Return the lines that an earlier process has written; a cut one is left out."""
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if (row.get("epoch") or "").isdigit() and None not in row.values()]


def write(path: Path, lines: list[dict], line: dict) -> None:
    """Append a line; where it has new columns, or others were dropped before it, write the whole file anew."""
    columns = list(dict.fromkeys(name for row in (*lines, line) for name in row))
    header = ",".join(columns)
    written = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    whole = not written or written[0] != header or len(written) != len(lines) + 1
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.with_name(f".{path.name}.tmp") if whole else path
    with open(target, "w" if whole else "a", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        if whole:
            table.writeheader()
        table.writerows([*lines, line] if whole else [line])
    if whole:
        os.replace(target, path)
