"""A copy of the working tree in a folder of its own, in which the real pipeline runs at the smallest profile."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from ruamel.yaml import YAML

from tests import ROOT

GLYPHS = "configs/datasets/glyphs.yaml"
FEW_IMAGES = {
    "source.train_per_class": 60, "source.test_per_class": 20, "source.pool_near": 200, "source.pool_far": 200,
    "longtail.largest": 40, "longtail.ratio": 20, "longtail.few_shot": 0.05, "longtail.val_per_class": 10}
WRITTEN = ("metrics/", "results/", "dvc.lock")  # by stages


class Project:
    """A copy of this repository with its own git, DVC cache and environment; few images, one thread a training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tracked = self._git_in(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").split("\n")
        for name in filter(None, tracked):
            if (ROOT / name).is_file() and not name.startswith(WRITTEN):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        self.environment = {
            **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": f"{folder}/src",
            "DVC_SITE_CACHE_DIR": f"{folder}/.git/dvc", "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "user.name",
            "GIT_CONFIG_VALUE_0": "test", "GIT_CONFIG_KEY_1": "user.email", "GIT_CONFIG_VALUE_1": "test@example.org"}
        self.change({"profile": "smoke", "repeats": 2})
        self.change(FEW_IMAGES, GLYPHS)
        self.git("init", "-q")
        self.commit()

    def run(self, *command: str, check: bool = True, cwd: Path | None = None, **environment: str
            ) -> subprocess.CompletedProcess:
        """Run a command in the folder, or in another one; its output and errors are one text."""
        done = subprocess.run(command, cwd=cwd or self.folder, env={**self.environment, **environment}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert not check or done.returncode == 0, done.stdout
        return done

    def stage(self, command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
        """Run a stage by hand: its name and its words."""
        return self.run("python", "-m", *f"stages.{command}".split(), check=check, **environment)

    def repro(self, *arguments: str) -> list[str]:
        """Run `dvc repro` to the report, or with arguments; return the names of the stages whose command was run.

        Without a target DVC would run the rows that are not shown as well.
        """
        return ran(self.run("dvc", "repro", *(arguments or ["report_page"])).stdout)

    def change(self, values: dict[str, object], file: str = "params.yaml") -> None:
        """Set values of a YAML file by their paths."""
        change(self.folder / file, values)

    def restore(self, *names: str) -> None:
        """Put files back as they were committed."""
        self.git("checkout", "-q", "--", *names)

    def params(self) -> dict:
        """Return what params.yaml holds."""
        return yaml.safe_load((self.folder / "params.yaml").read_text())

    def lock(self) -> dict:
        """Return what dvc.lock says of every stage."""
        return yaml.safe_load((self.folder / "dvc.lock").read_text())["stages"]

    def commit(self) -> None:
        """Commit all."""
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "test")

    def git(self, *arguments: str) -> None:
        """Run git."""
        self.run("git", *arguments)

    def read(self, pattern: str) -> dict[str, bytes]:
        """Return the content of all files that match, by their path."""
        return {str(path.relative_to(self.folder)): path.read_bytes()
                for path in sorted(self.folder.glob(pattern)) if path.is_file()}

    @staticmethod
    def _git_in(folder: Path, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def change(file: Path, values: dict[str, object]) -> None:
    """Set values of a YAML file by their paths, `a.b.c`, and keep its comments; what is not there yet is added."""
    reader = YAML()
    block = reader.load(file)
    for path, value in values.items():
        *way, last = path.split(".")
        inner = block
        for part in way:
            inner = inner.setdefault(part, {})
        inner[last] = value
    reader.dump(block, file)


def ran(output: str) -> list[str]:
    """Return the stages whose command was run, from what `dvc repro` printed."""
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]
