"""Files that several stages write or read."""

import json
from collections.abc import Iterator
from errno import ENOENT
from pathlib import Path

import numpy as np
import pandas as pd

from ballast.runtime.files import load_array, write_atomic
from ballast.runtime.tables import read_table

NO_TABLE = pd.DataFrame(columns=["none"])  # what a training writes that has no such table; a missing file is a mistake


def write_metrics(path: str, values: dict, digits: int = 2) -> None:
    """Write metrics as JSON, rounded; blocks may be nested, and what is not known (NaN) is left out."""
    def rounded(block: dict) -> dict:
        return {name: rounded(value) if isinstance(value, dict) else value if isinstance(value, str)
                else round(value, digits) for name, value in block.items() if value == value}

    write_atomic(path, json.dumps(rounded(values), indent=2) + "\n")


def class_names() -> list[str]:
    """Return the names of the classes by label."""
    return Path("data/labels/classes.txt").read_text(encoding="utf-8").splitlines()


def in_domain_labels(longtail: str) -> np.ndarray:
    """Return the labels [N] of a long-tailed list, -1 where they are not known. For evaluation alone."""
    return load_array("data/labels/train.npy")[load_array(longtail)]


def tables_of(name: str, rows: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Return the table runs/<name>/<row>.csv of every row that has one."""
    tables = ((row, read_table(f"runs/{name}/{row}.csv")) for row in rows)
    return ((row, table) for row, table in tables if list(table) != list(NO_TABLE))


def write_devices(folder: Path, devices: list[str]) -> None:
    """Write on which devices a training ran, in turn: DVC does not know, and another one gives other bits."""
    write_atomic(folder / "device.txt", ", then ".join(devices) + "\n")


def devices_of(folders: list[Path]) -> str:
    """Return the devices on which trainings ran."""
    return ", ".join(sorted({(folder / "device.txt").read_text(encoding="utf-8").strip() for folder in folders}))


def weights_of(folder: str) -> list[str]:
    """Return the files of weights in a folder: an encoder, and a head where there is one, as after every training."""
    head, history = f"{folder}/head.safetensors", Path(folder, "history.csv")
    if Path(head).exists():
        return [f"{folder}/encoder.safetensors", head]
    if history.exists() and list(read_table(history)) != list(NO_TABLE):
        raise FileNotFoundError(ENOENT, "missing", head)
    return [f"{folder}/encoder.safetensors"]


def write_tables(folder: str | Path, **tables: pd.DataFrame) -> None:
    """Write tables of a training under their names."""
    for name, table in tables.items():
        write_atomic(f"{folder}/{name}.csv", table.to_csv(index=False))
