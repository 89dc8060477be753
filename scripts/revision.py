"""Finished results of the workspace or of a revision: dvc.lock, parameters, and the files that dvc.lock names."""

import hashlib
import subprocess
from functools import cached_property
from pathlib import Path

import dvc.api
import yaml

from ballast.runtime.errors import BallastError


class Revision:
    """The workspace (``name`` None), or a commit, a branch or a DVC experiment by its name."""

    def __init__(self, name: str | None = None) -> None:
        self.commit = commit_of(name or "HEAD")
        self.name = name or git("rev-parse", "--abbrev-ref", "HEAD")
        self.is_workspace = name is None

    @cached_property
    def dirty(self) -> bool:
        """Return whether tracked files of the workspace differ from its commit; False for other revisions."""
        return self.is_workspace and bool(git("status", "--porcelain", "--untracked-files=no"))

    @cached_property
    def digest(self) -> str:
        """Return the hash of dvc.lock, which names parameters, code and outputs of all stages."""
        return hashlib.sha256(self.read("dvc.lock")).hexdigest()

    @cached_property
    def stages(self) -> dict[str, dict]:
        """Return the entries of dvc.lock by the name of their stage.

        Of the workspace only those whose metrics are there: `git rm -r metrics` starts a branch for other images, while
        dvc.lock keeps the rows that the branch does not run.
        """
        stages = self.yaml("dvc.lock")["stages"]
        return {name: entry for name, entry in stages.items() if not self.is_workspace or all(
            Path(out["path"]).exists() for out in entry.get("outs", []) if out["path"].startswith("metrics/"))}

    def read(self, path: str) -> bytes:
        """Return the content of a file, from the workspace, git or DVC's cache."""
        return Path(path).read_bytes() if self.is_workspace else dvc.api.read(path, rev=self.commit, mode="rb")

    def yaml(self, path: str) -> dict:
        """Return the content of a YAML file."""
        return yaml.load(self.read(path), getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def parameters(self) -> dict[str, dict]:
        """Return params.yaml, the profile and the data set in use, by their prefix."""
        params = self.yaml("params.yaml")
        return {"": params, "profile": self.yaml(f"configs/profiles/{params['profile']}.yaml"),
                "dataset": self.yaml(f"configs/datasets/{params['dataset']}.yaml")}


def commit_of(name: str) -> str:
    """Return the commit of a DVC experiment, or of a name that git knows."""
    experiments = git("for-each-ref", "--format=%(objectname)", f"refs/exps/*/*/{name}").splitlines()
    commits = experiments or git("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}", check=False).splitlines()
    if not commits:
        raise BallastError(f"{name}: expected a commit, a branch or an experiment; there is none with this name")
    return commits[0]


def git(*words: str, check: bool = True) -> str:
    """Return what git prints."""
    return subprocess.run(["git", *words], check=check, capture_output=True, text=True).stdout.strip()
