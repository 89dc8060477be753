"""The files of a configuration: params.yaml, the variants of its rows, and the profile and data set that it names."""

from pathlib import Path

from ballast.config.build import shown
from ballast.config.yaml import read_yaml
from ballast.runtime.errors import BallastError

VARIANTS = "configs/variants.yaml"
FOLDERS = {"profile": "configs/profiles", "dataset": "configs/datasets"}


def read_params(folder: str | Path = ".") -> dict:
    """Return the values of params.yaml, and those of configs/variants.yaml as ``variants``."""
    return {**read_yaml(Path(folder, "params.yaml")), "variants": read_yaml(Path(folder, VARIANTS))}


def read_chosen(params: dict, kind: str, folder: str | Path = ".") -> dict:
    """Return the values of the ``profile`` or the ``dataset`` (kind) that params.yaml names."""
    names = sorted(path.stem for path in Path(folder, FOLDERS[kind]).glob("*.yaml"))
    name = params.get(kind)
    if name not in names:
        raise BallastError(f"params.yaml: {kind}: expected a file of {FOLDERS[kind]} ({', '.join(names)}), "
                           f"got {shown(name)}")
    return read_yaml(Path(folder, FOLDERS[kind], f"{name}.yaml"))
