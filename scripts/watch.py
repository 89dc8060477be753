"""Show the trainings that run here, in the terminal, until there is none (`make watch`).

    python -m scripts.watch [once]

It reads runs/live: a line for each training with its epoch, its loss and how that fell, its health, and the time left.
"""

import math
import sys
import time
from contextlib import suppress

import pandas as pd

from ballast.training.live import read
from stages.common.live import FOLDER

SECONDS = 2
STALE = 600  # seconds without a line after which a training does not run any more
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 24
HEALTH = ("rank", "first", "alignment", "uniformity", "spread", "kept")


def main(once: bool) -> None:
    """Print the table again and again."""
    while True:
        found = running()
        if not once:
            print("\x1b[2J\x1b[H", end="")  # clears the screen
        print(table(found).to_markdown(index=False, disable_numparse=True) if found else
              "no training runs here; `make repro` starts what is stale")
        if once or not found:
            return
        time.sleep(SECONDS)


def running() -> dict[str, list[dict[str, str]]]:
    """Return the lines of the trainings that have not ended, by their names."""
    fresh = [path for path in sorted(FOLDER.glob("*.csv")) if time.time() - path.stat().st_mtime < STALE]
    found = {path.stem: read(path) for path in fresh}
    return {name: lines for name, lines in found.items() if lines and lines[-1]["epoch"] != lines[-1]["of"]}


def table(found: dict[str, list[dict[str, str]]]) -> pd.DataFrame:
    """Return a line for each training."""
    rows = []
    for name, lines in found.items():
        losses = [float(line["loss"]) for line in lines]
        looks = [line for line in lines if line.get("rank")]
        health = {key: looks[-1].get(key, "") if looks else "" for key in HEALTH}
        rows.append({"training": name, "epoch": f"{lines[-1]['epoch']}/{lines[-1]['of']}", "loss": f"{losses[-1]:.4g}",
                     "": sparkline(losses), **health, "left": clock(float(lines[-1]["left"]))})
    return pd.DataFrame(rows)


def sparkline(values: list[float], width: int = WIDTH) -> str:
    """Return a curve of at most ``width`` characters."""
    step = max(1, math.ceil(len(values) / width))
    means = [sum(part) / len(part) for part in (values[start : start + step] for start in range(0, len(values), step))]
    low, high = min(means), max(means)
    return "".join(BARS[int((value - low) / (high - low) * (len(BARS) - 1))] if high > low else BARS[0]
                   for value in means)


def clock(seconds: float) -> str:
    """Return a time as hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(sys.argv[1:] == ["once"])
