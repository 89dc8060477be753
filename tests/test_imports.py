"""What the library stands on: what pyproject.toml declares, no dvc and no mlflow, and faiss only where it is there."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests import ROOT

ALONE = """
import importlib, pkgutil, sys
for name in ("dvc", "mlflow", "faiss", "vl_convert", "psutil", "pytest", "timm", "pyarrow"):
    sys.modules[name] = None
import ballast
names = [module.name for module in pkgutil.walk_packages(ballast.__path__, "ballast.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BY_OTHERS = {"tabulate"}  # pandas' to_markdown imports it
PROGRAMS = {"ruff"}  # which are run


def test_every_module_loads_without_what_the_stages_need():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": f"{ROOT}/src"})
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60


def declared(*extras: str) -> set[str]:
    """Return the names of the distributions that pyproject.toml declares for the library and for extras."""
    lines = PROJECT["dependencies"] + [line for extra in extras for line in PROJECT["optional-dependencies"][extra]]
    return {re.split(r"[<>=!~\[ ;]", line)[0].lower() for line in lines}


def imported(*folders: str) -> set[str]:
    """Return the names of the distributions that the files of folders import, at any depth."""
    names = set()
    for path in (file for folder in folders for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.split(".")[0])
    known = packages_distributions()
    own = {"ballast", "stages", "scripts", "benchmarks", "tests"}
    foreign = names - own - set(sys.stdlib_module_names)
    found = {known[name][0].lower() for name in foreign}
    return {"mlflow" if name.startswith("mlflow") else name for name in found}


@pytest.mark.parametrize(("folders", "extras"), [
    (["src"], ["parquet", "export", "ray"]), (["stages", "scripts", "benchmarks"], ["pipeline", "live"]),
    (["tests"], ["pipeline", "dev"])])
def test_what_is_imported_is_declared(folders, extras):
    assert imported(*folders) - declared(*extras) == set()


def test_what_is_declared_is_imported():
    assert declared() - imported("src") == BY_OTHERS
    assert declared("pipeline", "dev") - imported("src", "stages", "scripts", "tests") == BY_OTHERS | PROGRAMS


def test_every_dependency_is_pinned():
    pins = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()}
    assert declared("pipeline", "dev") <= pins
