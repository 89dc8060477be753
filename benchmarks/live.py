"""What it costs to follow a training: the part of its time that goes into its lines, and what a logger beside it costs.

    python -m benchmarks.live [quick]

The first is measured inside a training. For the second, a stage runs with a logger and without, in turn: both cores
train, so that the logger's process takes its time from them; paired over the turns, with a 95 % interval.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

from ballast.report.verdicts import gain
from benchmarks.timing import show

STAGE = "simclr longtail none none"
PROFILE = "configs/profiles/laptop.yaml"
EPOCHS, TURNS = 60, 5
INSIDE = """
import time
from ballast.training.live import Live
from stages.common.parameters import parameters
from stages.pretrain import of_row
from stages.work.pretrain import train

names = ("repeats", "seed", "split", "threads", "deterministic", "portable")
training = of_row(parameters(*names, profile=("network", "augment")), *STAGE.split())[0]
tell, spent = Live.epoch, 0.0

def timed(live, row):
    global spent
    start = time.perf_counter()
    tell(live, row)
    spent += time.perf_counter() - start

Live.epoch = timed
start = time.perf_counter()
train(training)
print(100 * spent / (time.perf_counter() - start))
"""  # per cent of a training in one process


def main(quick: bool) -> None:
    """Print seconds, and the difference to no logger in percent."""
    with tempfile.TemporaryDirectory() as place, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # it takes calls and never answers
        folder = Path(place, "clone")
        environment = prepared(folder, 12 if quick else EPOCHS)
        ways = {"none": {}, "mlflow, a file": {"MLFLOW_TRACKING_URI": f"sqlite:///{place}/m.db"},
                "mlflow, nobody there": {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"},
                "mlflow, never answers": {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{silent.getsockname()[1]}"}}
        parts = [inside(folder, environment) for _ in range(1 if quick else 3)]
        times = {name: [] for name in ways}
        for _ in range(2 if quick else TURNS):
            for name, values in ways.items():
                logger = {"BALLAST_LIVE": "mlflow" if values else ""}
                times[name].append(trained(folder, {**environment, **values, **logger}))
    plain, lines = np.array(times.pop("none")), []
    lines.append({"logger": "none", "s": f"{plain.mean():.1f}", "cost, %": ""})
    for name, seconds in times.items():
        found = gain(100 * (np.array(seconds) / plain - 1))
        lines.append({"logger": name, "s": f"{np.mean(seconds):.1f}",
                      "cost, %": f"{found.mean:+.1f} [{found.low:+.1f}, {found.high:+.1f}]"})
    show("Lines of one training", [{"runs": len(parts), "part of its time, %": f"{np.mean(parts):.2f}",
                                    "the largest": f"{max(parts):.2f}"}])
    show("Training of simclr, two repeats side by side", lines)


def prepared(folder: Path, epochs: int) -> dict[str, str]:
    """Clone the repository and run what comes before a training; return the environment to train in."""
    subprocess.run(["git", "clone", "-q", ".", str(folder)], check=True)
    environment = {**os.environ, "PYTHONPATH": f"{folder}/src", "DVC_SITE_CACHE_DIR": f"{folder}/.site"}
    for name, values in (("params.yaml", {"repeats": 2}), (PROFILE, {"pretrain": {"epochs": epochs}})):
        content = yaml.safe_load((folder / name).read_text())
        for key, value in values.items():
            content[key] = {**content[key], **value} if isinstance(value, dict) else value
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
    subprocess.run(["dvc", "repro", "-q", "preflight"], cwd=folder, env=environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {**environment, "DVC_STAGE": "pretrain@simclr"}


def inside(folder: Path, environment: dict[str, str]) -> float:
    """Return the part of a training that goes into its lines, in percent."""
    clear(folder)
    done = subprocess.run([sys.executable, "-c", f"STAGE = {STAGE!r}\n{INSIDE}"], cwd=folder, env=environment,
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return float(done.stdout.splitlines()[-1])


def clear(folder: Path) -> None:
    """Remove what an earlier training has left."""
    for path in (".dvc/tmp/finished", "runs/simclr", "runs/live", ".scratch"):
        shutil.rmtree(folder / path, ignore_errors=True)


def trained(folder: Path, environment: dict[str, str]) -> float:
    """Return the seconds of a training from its start; nothing of an earlier one is there."""
    clear(folder)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "stages.pretrain", *STAGE.split()], cwd=folder, env=environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main("quick" in sys.argv)
