"""dvc.lock describes dvc.yaml, params.yaml and the code; checked by git's files alone, no data needed."""

import json
import subprocess

import pytest
import yaml

from tests import ROOT

pytestmark = pytest.mark.pipeline  # it fails from an edit of the code to the next `dvc repro`

ABSENT = {"deleted", "not in cache"}  # data that was not pulled


def dvc(*arguments):
    return subprocess.run(["dvc", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_lock_is_in_sync():
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    names = set(dvc("stage", "list", "--all", "--name-only", "--fail").split())
    assert set(lock) == names
    tracked = set(subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n"))
    stale = []
    for stage, changes in json.loads(dvc("status", "--json")).items():
        for change in changes:
            if isinstance(change, str):
                stale.append(f"{stage}: {change}")
                continue
            stale += [f"{stage}: {kind}: {path}: {what}" for kind, paths in change.items()
                      for path, what in paths.items() if str(what) not in ABSENT or path in tracked]
    assert not stale


def test_every_dependency_is_what_its_producer_made():
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    made = {out["path"]: out["md5"] for entry in lock.values() for out in entry.get("outs", [])}
    for stage, entry in lock.items():
        for dep in entry["deps"]:
            assert made.get(dep["path"], dep["md5"]) == dep["md5"], (stage, dep["path"])


def test_folders_of_several_producers_hold_what_they_made_and_no_more():
    """As runs/repeats: a file of a row that is gone would make the report stale in every clone."""
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    outputs = {out["path"]: out.get("nfiles", 1) for entry in lock.values() for out in entry.get("outs", [])}
    folders = {dep["path"]: dep["nfiles"] for entry in lock.values() for dep in entry["deps"]
               if "nfiles" in dep and dep["path"] not in outputs}
    made = {path: sum(files for output, files in outputs.items() if output.startswith(f"{path}/")) for path in folders}
    shared = {path for path in folders if made[path]}
    assert "runs/repeats" in shared
    assert {path: folders[path] for path in shared} == {path: made[path] for path in shared}
