"""A strange value of a parameter: refused with its name by `check`, or the work of its stages has finite results."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from tests.faults.place import Place, UnwellError, one_line
from tests.fuzz.generated import STRANGE
from tests.project import change

SLOW_VALUES = ("epochs", "copies", "views", "repeats", "every", "width", "depths", "batch", "budget", "size", "jobs",
               "threads", "train_per_class", "test_per_class", "pool_near", "pool_far")  # what rightly takes long


def strange_parameter(place: Place, chance: random.Random) -> None:
    """A value of another type or size: refused with its name by `check`, or its stages have finite results."""
    params = place.params()
    files = ["params.yaml", f"configs/profiles/{params['profile']}.yaml", f"configs/datasets/{params['dataset']}.yaml"]
    file = chance.choice(files)
    path, old = chance.choice(sorted(leaves(yaml.safe_load((place.folder / file).read_text()))))
    value = chance.choice([value for value in STRANGE if "\x00" not in str(value) and "\udc80" not in str(value)]
                          + [old * 2 if isinstance(old, int | float) else old])
    change(place.folder / file, {path: value})
    place.hit = "check"
    code, said = place.end(place.start("python", "-m", "stages.check"))
    if code:
        one_line(said, *path.split("."), f"{file}: line")
        return
    if path.split(".")[-1] in SLOW_VALUES:
        return
    touched = [name for name in place.stages if depends(place, name, file, path)]
    place.hit = stage = chance.choice(touched or ["recipes"])
    if stage.startswith(("pretrain", "student")):
        place.stage("recipes")
    code, said = place.end(place.begin(stage))
    one_line(said, "") if code else require_finite(place, stage)


def leaves(block: dict, prefix: str = "") -> list[tuple[str, object]]:
    """Return the paths of all values of a file of parameters."""
    found = []
    for key, value in block.items():
        inner = isinstance(value, dict) and value and not any("." in str(name) for name in value)
        found += leaves(value, f"{prefix}{key}.") if inner else [(f"{prefix}{key}", value)]
    return [(path, value) for path, value in found if not isinstance(value, dict | list) or not value]


def depends(place: Place, stage: str, file: str, path: str) -> bool:
    """Return whether dvc.lock says that a stage depends on a parameter, or on the recipe of its row."""
    params = place.stages[stage].get("params", {}).get(file, {})
    row = path.split(".")[1] if path.startswith(("methods.", "students.")) else "?"
    return stage in (f"pretrain@{row}", f"student@{row}") or any(
        path == key or path.startswith(f"{key}.") for key in params)


def require_finite(place: Place, stage: str) -> None:
    """Require that no number of a stage's results is infinite, and that no array or file of weights holds NaN."""
    for name in place.bytes_of(stage):
        path = Path(name)
        if path.suffix == ".npy":
            values = np.load(path)
            bad = values.dtype.kind == "f" and not np.isfinite(values.astype(np.float64)).all()
        elif path.suffix == ".csv" and path.stat().st_size:
            table = pd.read_csv(path).select_dtypes("number")
            bad = np.isinf(table.to_numpy(np.float64)).any()
        elif path.suffix == ".json":
            bad = any(isinstance(value, float) and not math.isfinite(value) for value in numbers(path))
        else:
            bad = False
        if bad:
            raise UnwellError("silent", f"{name}: results that are not finite")


def numbers(path: Path) -> list:
    found: list = []
    json.loads(path.read_text(), object_hook=lambda block: found.extend(block.values()))
    return found
