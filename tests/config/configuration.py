"""The committed configuration, whole or with one value changed."""

from functools import cache
from pathlib import Path

from ballast.config.files import read_params
from ballast.config.yaml import read_yaml
from tests import ROOT

PROFILES = sorted(path.stem for path in (ROOT / "configs/profiles").glob("*.yaml"))
DATASETS = sorted(path.stem for path in (ROOT / "configs/datasets").glob("*.yaml"))
PARAMS = read_params(ROOT)
ROWS, STUDENTS, VARIANTS = list(PARAMS["methods"]), list(PARAMS["students"]), list(PARAMS["variants"])


@cache
def _read(path: Path) -> dict:
    return read_yaml(path)


def profile(name: str) -> dict:
    """Return the values of a profile, not to be changed."""
    return _read(ROOT / f"configs/profiles/{name}.yaml")


def dataset(name: str) -> dict:
    """Return the values of a data set, not to be changed."""
    return _read(ROOT / f"configs/datasets/{name}.yaml")


def params(name: str = "laptop") -> dict:
    """Return the values of params.yaml with a profile's name."""
    return {**PARAMS, "profile": name}
