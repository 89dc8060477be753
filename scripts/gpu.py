"""Check and measure Ballast on a GPU, part by part, as far as the time goes, and write docs/gpu.md.

    python -m scripts.gpu [MINUTES] [quick] [DATA]

The same command goes on where it was cut off: a part that is finished is kept below .scratch/gpu, in a folder for this
device, this code and this size, and a training has saved its state. It needs the library's packages, not DVC, MLflow or
faiss. DATA is a folder with train/<class>/*.jpg, test/<class>/*.jpg and pool/**.jpg, or with archives of these; the
last parts train on it, row by row. ``quick`` does all at a size at which numbers mean nothing.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
import yaml

from ballast.config.files import read_params
from ballast.config.merge import merged
from ballast.config.yaml import read_yaml
from ballast.report.marks import filled
from ballast.runtime.code import digest
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic

STATE = Path(".scratch/gpu")
CODE = ("src", "stages", "benchmarks", "configs")
PAGE = Path("docs/gpu.md")
MINUTES = 10
TO_SAVE = 30  # seconds before the end at which a part is asked to stop
FIRST = ("simclr", "colt", "random", "bcl-colt")  # the rows that are trained before all others that are shown
PROFILE = "configs/profiles/cifar10_lt.yaml"


@dataclass(frozen=True)
class Part:
    """A command, and what it is called on the page."""

    title: str
    command: tuple[str, ...]
    state: Path
    row: str = ""  # which it trains, in a copy of the project

    @property
    def file(self) -> Path:
        """Return where its output is kept once it is finished."""
        return self.state / f"{self.title.lower().replace(' ', '-')}.txt"

    @property
    def folder(self) -> Path:
        """Return where it runs."""
        return self.state / "project" if self.row else Path()


def main(minutes: float, quick: bool, data: Path | None) -> int:
    """Run the parts that are not finished; return how many are left."""
    deadline = time.monotonic() + 60 * minutes
    state = state_of(quick)
    state.mkdir(parents=True, exist_ok=True)
    todo = [*measurements(state, quick), *(trainings(state, data, quick) if data else [])]
    for part in todo:
        if not part.file.exists():
            run(part, deadline)
        write_page(todo)
    left = [part.title for part in todo if not part.file.exists()]
    print(f"{PAGE}: {len(todo) - len(left)} of {len(todo)} parts" + (f"; left: {', '.join(left)}" if left else ""))
    return len(left)


def state_of(quick: bool) -> Path:
    """Return the folder for what this device measures with this code at this size."""
    total = hashlib.sha256(device().encode())
    for path in sorted(path for folder in CODE for path in Path(folder).rglob("*") if path.is_file()):
        if "__pycache__" not in path.parts:
            total.update(digest(path).encode())
    return STATE / f"{'quick' if quick else 'full'}-{total.hexdigest()[:12]}"


def measurements(state: Path, quick: bool) -> list[Part]:
    """Return the parts that need no data."""
    word = ("quick",) if quick else ()

    def part(title: str, *words: str) -> Part:
        return Part(title, (sys.executable, "-m", *words, *word), state)

    tests = ("-m", "unit", "-p", "no:cacheprovider", "tests/losses" if quick else "tests")
    return [part("Checks", "benchmarks.gpu"),
            part("Steps", "benchmarks.step"), part("Steps compiled", "benchmarks.step", "compile"),
            part("Steps as graphs", "benchmarks.step", "graph"),
            part("Epoch", "benchmarks.loop"), part("Augmentation", "benchmarks.augmentation"),
            part("Evaluation", "benchmarks.evaluation"), part("Selection", "benchmarks.selection"),
            Part("Unit tests", (sys.executable, "-m", "pytest", *tests), state)]


def trainings(state: Path, data: Path, quick: bool) -> list[Part]:
    """Return the parts that train on images, a row each; they run in a copy of the project."""
    if not (state / "project").exists():
        prepare(state / "project", data, quick)
    rows = list(dict.fromkeys([*FIRST, *read_params()["show"]]))
    return [Part(f"Row {row}", (sys.executable, "-m", "scripts.by_hand", f"evaluate@{row}"), state, row)
            for row in (rows[:2] if quick else rows)]


def prepare(project: Path, data: Path, quick: bool) -> None:
    """Copy the project, unpack the images, and set its parameters: CIFAR-10-LT, and the papers' network."""
    part = project.with_name("part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "data").mkdir(parents=True)
    for folder in ("configs", "src", "stages", "scripts"):
        shutil.copytree(folder, part / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("params.yaml", "dvc.yaml"):
        shutil.copy(file, part)
    images = part / "data/external"
    for archive in sorted(data.glob("*.tar*")):
        with tarfile.open(archive) as file:
            file.extractall(images, filter="data")
    if not images.exists():
        images.symlink_to(data.resolve())
    change(part / "params.yaml", {"dataset": "folders", "profile": "smoke" if quick else "cifar10_lt", "repeats": 1,
                                  "portable": False})
    longtail = {"largest": 40, "ratio": 20, "val_per_class": 5} if quick else {
        "largest": 4500, "ratio": 100, "val_per_class": 500}
    change(part / "configs/datasets/folders.yaml", {"longtail": longtail})
    if not quick:
        change(part / PROFILE, {"network": {"precision": "bf16", "compile": True}, "pretrain": {"epochs": 500},
                                "sampling": {"warmup": 50}})
    part.rename(project)


def change(file: Path, values: dict) -> None:
    """Lay values over those of a YAML file."""
    file.write_text(yaml.safe_dump(merged(read_yaml(file), values), sort_keys=False), encoding="utf-8")


def run(part: Part, deadline: float) -> None:
    """Run a part; keep its output if it is finished in time."""
    left = deadline - time.monotonic() - TO_SAVE
    if left <= 0:
        return
    print(f"{part.title}: {' '.join(part.command)}", flush=True)
    environment = {**os.environ, "PYTHONPATH": f"{part.folder.resolve()}/src"}
    process = subprocess.Popen(part.command, cwd=part.folder, env=environment, text=True, stdout=subprocess.PIPE,
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=left)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)  # a training saves
        try:
            process.communicate(timeout=TO_SAVE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        return
    if process.returncode == 0:
        write_atomic(part.file, output)
    else:
        print(f"{part.title}: failed with exit code {process.returncode}\n{output[-2000:]}", flush=True)


def write_page(parts: list[Part]) -> None:
    """Write the output of all finished parts between the marks of the page."""
    lines = [f"Measured on: {device()}, torch {torch.__version__}."]
    rows = {}
    for part in parts:
        if not part.file.exists():
            continue
        if part.row:
            rows[part.row] = json.loads((part.folder / f"metrics/{part.row}.json").read_text())
        else:
            lines += ["", f"## {part.title}", "", shown(part)]
    if rows:
        table = pd.DataFrame(rows).T[["Many", "Median", "Few", "Std", "All"]].astype(float).round(1)
        lines += ["", "## Rows on CIFAR-10-LT", "", table.to_markdown()]
    write_atomic(PAGE, filled(PAGE.read_text(encoding="utf-8"), {"gpu": "\n".join(lines)}))


def shown(part: Part) -> str:
    """Return the tables of a part; of tests the last line."""
    text = part.file.read_text().strip()
    return text if "pytest" not in part.command else text.splitlines()[-1].strip("= ")


def device() -> str:
    """Return the name of what computes."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU (a rehearsal)"


def arguments(words: list[str]) -> tuple[float, bool, Path | None]:
    """Return minutes, whether it is quick, and the folder of images, in any order."""
    numbers = [word for word in words if word.replace(".", "", 1).isdigit()]
    folders = [word for word in words if word not in (*numbers, "quick")]
    wrong = next((folder for folder in folders if not Path(folder).is_dir()), None) or (folders[1:] or [None])[0]
    if wrong:
        raise BallastError(f"{wrong}: expected minutes, `quick` or one folder of images, got something else; write "
                           f"`make gpu MINUTES=10 DATA=images`")
    return float(numbers[0]) if numbers else MINUTES, "quick" in words, Path(folders[0]) if folders else None


if __name__ == "__main__":
    try:
        sys.exit(main(*arguments(sys.argv[1:])))
    except BallastError as error:
        sys.exit(f"gpu: {error}")
