"""A copy of the working tree in a folder of its own, in which the real pipeline runs at the smallest profile."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import ROOT


class Project:
    """A copy of this repository with its own git, DVC cache and environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tracked = self._git_in(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").split("\n")
        for name in filter(None, tracked):
            if (ROOT / name).is_file() and not name.startswith(("metrics/", "results/", "dvc.lock")):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        self.environment = {
            **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": f"{folder}/src",
            "DVC_SITE_CACHE_DIR": f"{folder}/.git/dvc", "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "user.name",
            "GIT_CONFIG_VALUE_0": "test", "GIT_CONFIG_KEY_1": "user.email", "GIT_CONFIG_VALUE_1": "test@example.org"}
        self.replace("params.yaml", "\nprofile: laptop", "\nprofile: smoke")
        self.git("init", "-q")
        self.commit()

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
        done = subprocess.run(command, cwd=self.folder, env={**self.environment, **environment}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert not check or done.returncode == 0, done.stdout
        return done

    def repro(self, *arguments: str) -> list[str]:
        """Names of the stages whose command was run."""
        lines = self.run("dvc", "repro", *arguments).stdout.splitlines()
        return [line.split("'")[1] for line in lines if line.startswith("Running stage")]

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text, (name, old)
        (self.folder / name).write_text(text.replace(old, new))

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "test")

    def git(self, *arguments: str) -> None:
        self.run("git", *arguments)

    def read(self, pattern: str) -> dict[str, bytes]:
        return {str(path.relative_to(self.folder)): path.read_bytes()
                for path in sorted(self.folder.glob(pattern)) if path.is_file()}

    @staticmethod
    def _git_in(folder: Path, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
