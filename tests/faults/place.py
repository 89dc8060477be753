"""The project that a trial of `make campaign` breaks, and the four ways in which a trial may end."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import ROOT
from tests.faults.watched import MADE, Watched
from tests.stages.test_folders import FOLDERS, SPLIT, write_glyphs

ROWS = ["simclr", "sdclr", "mak", "bcl-colt", "guide", "guided"]
PATIENCE = 300  # seconds for one command


class UnwellError(Exception):
    """How a trial ended where it did not end well: lost, silent or unclear."""

    def __init__(self, end: str, said: str) -> None:
        super().__init__(said)
        self.end = end


class Place(Watched):
    """A whole project, put back before every trial."""

    def __init__(self, folder: Path, files: bool) -> None:
        """Run everything once; ``files`` takes images that are decoded as they are needed."""
        folder.mkdir()
        self.decodes_files = files
        super().__init__(folder)
        self.change({"repeats": 1, "show": ROWS, "export": ["mak"], "methods.bcl-colt.pretrain.epochs": 12})
        if files:
            write_glyphs(folder / "images")
            parts = {f"source.{part}": f"images/{part}" for part in ("train", "test", "pool")}
            crops = {f"{name}.crop": [0.3, 1.0] for name in ("sgd", "sgd_fewshot", "finetune")}
            self.change({**parts, "source.size": 16, "source.where": "files", **SPLIT}, FOLDERS)
            self.change({"dataset": "folders"})
            self.change(crops, "configs/profiles/smoke.yaml")
        with open(folder / ".git/info/exclude", "a") as ignored:
            ignored.write("images\n*.db\nmlartifacts\n")
        self.environment["BALLAST_LIVE"] = ""
        self.commit()
        self.run("dvc", "repro", "report_page", "export@mak")
        self.commit()
        shutil.rmtree(folder / ".dvc/tmp/finished", ignore_errors=True)  # or a training would only be brought back
        self.stages = self.lock()
        self.seconds: dict[str, float] = {}
        self.hit = ""  # the stage, or else what a trial hits
        self.whole = {name: self.bytes_of(name) for name in self.stages}
        self.copy = Path(tempfile.mkdtemp(dir=folder.parent, prefix="whole-"))
        make_like(self.copy, folder)
        self.warm = Warm()

    @property
    def log(self) -> Path:
        """Return the file with what the last command said."""
        return self.folder.parent / f"{self.folder.name}.log"

    def fresh(self) -> None:
        """Put everything back as it was when the project was whole."""
        for process in self.processes():
            process.kill()
        make_like(self.folder, self.copy)

    def outs(self, stage: str) -> list[Path]:
        """Return the outputs of a stage, whatever has become of dvc.lock."""
        return [self.folder / out["path"] for out in self.stages[stage]["outs"]]

    def inputs(self, stage: str) -> list[Path]:
        """Return the files that a stage reads and other stages made."""
        paths = [self.folder / item["path"] for item in self.stages[stage]["deps"] if item["path"].startswith(MADE)]
        return sorted(file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])
                      if file.is_file() and file.suffix != ".gitignore" and file.name != ".gitignore")

    def begin(self, stage: str, cwd: Path | None = None, size: int | None = None, user: int | None = None,
              cold: bool = False, **environment: str) -> "subprocess.Popen | Fork":
        """Start a stage as DVC does, its outputs removed.

        ``size`` is the largest file that it may write, ``user`` who it is; ``cold`` loads all libraries anew.
        """
        for path in self.outs(stage):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        command, environment = self.stages[stage]["cmd"].split(), {"DVC_STAGE": stage, **environment}
        if cold:
            return self.start(*command, cwd=cwd, **environment)
        asked = {"start": command[2:], "cwd": str(cwd or self.folder), "log": str(self.log), "size": size, "user": user,
                 "environment": {**self.environment, **environment}}
        return Fork(self.warm, self.warm.ask(asked))

    def start(self, *command: str, cwd: Path | None = None, **environment: str) -> subprocess.Popen:
        """Start a command in a session of its own; what it says goes to a file."""
        with open(self.log, "w") as log:
            return subprocess.Popen(command, cwd=cwd or self.folder, env={**self.environment, **environment},
                                    start_new_session=True, stdout=log, stderr=subprocess.STDOUT)

    def end(self, run: "subprocess.Popen | Fork", patience: float = PATIENCE) -> tuple[int, str]:
        """Return exit code and words of a command that was started."""
        try:
            code = run.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            raise UnwellError("lost", f"it did not end within {patience} seconds") from None
        said = self.log.read_text(errors="replace")
        return code, said

    def draw(self, chance: random.Random) -> str:
        """Draw the stage to hit, first its kind, and measure once how long it takes undisturbed."""
        kind = chance.choice(sorted({name.split("@")[0] for name in self.stages}))
        self.hit = stage = chance.choice(sorted(name for name in self.stages if name.split("@")[0] == kind))
        if stage not in self.seconds:
            begin = time.monotonic()
            self.recovers(stage)
            self.seconds[stage] = time.monotonic() - begin
            self.fresh()
        return stage

    def recovers(self, stage: str) -> None:
        """Give the command again: it must end with the bytes of an undisturbed run, and leave nothing behind."""
        code, said = self.end(self.begin(stage))
        if code:
            raise UnwellError("lost", f"the same command ended with {code}: {said[-2000:]}")
        self.require_whole(stage)

    def reproduces(self, stage: str) -> None:
        """Do what a user of DVC does: the same command once more."""
        self.run("python", "-m", "scripts.mend")
        done = self.run("dvc", "repro", stage, check=False)
        if done.returncode:
            raise UnwellError("lost", f"dvc repro ended with {done.returncode}: {done.stdout[-2000:]}")
        self.require_whole(stage)

    def require_whole(self, stage: str) -> None:
        """Require the bytes of an undisturbed run, and no process, state or temporary file that is left."""
        made, whole = self.bytes_of(stage), self.whole[stage]
        if made != whole:
            names = [name for name in {**made, **whole} if made.get(name) != whole.get(name)]
            raise UnwellError("lost", f"other bytes, or none, in {names[:5]}")
        if left := self.left_behind():
            raise UnwellError("lost", f"left behind: {left[:5]}")


def make_like(folder: Path, model: Path) -> None:
    """Give a folder the files of another one, with their times and permissions; what is the same stays."""
    wanted = {entry.name: entry for entry in os.scandir(model)}
    for entry in os.scandir(folder):
        other = wanted.get(entry.name)
        if not other or entry.is_symlink() or entry.is_dir() != other.is_dir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else os.unlink(entry)
    for name, entry in wanted.items():
        place = folder / name
        if entry.is_symlink():
            place.symlink_to(os.readlink(entry))
        elif entry.is_dir():
            place.mkdir(exist_ok=True)
            make_like(place, Path(entry))
        elif not place.exists() or facts(place.stat()) != facts(entry.stat()):
            place.unlink(missing_ok=True)
            shutil.copy2(entry, place)


def facts(of: os.stat_result) -> tuple[int, int, int]:
    """Return what changes with a file."""
    return of.st_size, of.st_mtime_ns, of.st_mode


class Warm:
    """A process that forks stages (tests.faults.warm)."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}/src"}
        self.process = subprocess.Popen([sys.executable, "-m", "tests.faults.warm"], cwd=ROOT, env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question: dict) -> int | None:
        """Return the answer."""
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Fork:
    """A stage that was forked, like a subprocess.Popen."""

    def __init__(self, warm: Warm, pid: int) -> None:
        self.warm, self.pid, self.code = warm, pid, None

    def wait(self, timeout: float = PATIENCE) -> int:
        """Return the exit code."""
        deadline = time.monotonic() + timeout
        while self.code is None:
            self.code = self.warm.ask({"wait": self.pid})
            if self.code is None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a stage", timeout)
            time.sleep(0 if self.code is not None else 0.01)
        return self.code

    def send_signal(self, number: int) -> None:
        """Send a signal to the stage alone."""
        if self.code is None:
            os.kill(self.pid, number)


def one_line(said: str, *culprits: str) -> None:
    """Require that what was said ends in a line that names one of the culprits, and holds no traceback."""
    last = said.strip().split("\n")[-1]
    if "Traceback" in said or not any(culprit in last for culprit in culprits) or len(last) > 700:
        raise UnwellError("unclear", f"expected a line with one of {culprits}: {said[-1500:]}")
