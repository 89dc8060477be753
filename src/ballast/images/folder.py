"""Settings and file table of a store of images; free of torch, for stages that need no network.

A store is a folder with four files:

- store.json: ``where`` says how stages use the images: "memory" as one tensor, "cache" row by row from images.npy,
  "files" from the files they came from; ``size`` is the side of the views and ``short`` the short side that is stored,
  in pixels.
- files.csv: one line per image: row of images.npy, path, height, width, bytes, hash.
- thumbnails.npy: one gray thumbnail per line of files.csv.
- images.npy: the pixels, uint8 [N, C, S, S]; not with "files".
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from ballast.runtime.errors import BallastError
from ballast.runtime.files import read_npy, save_array, write_atomic

SETTINGS = ("where", "size", "short")


def read_folder(folder: str | Path) -> tuple[dict, pd.DataFrame]:
    """Return the settings of store.json and the table files.csv."""
    try:
        settings = json.loads(Path(folder, "store.json").read_text())
        files = pd.read_csv(Path(folder, "files.csv"), keep_default_na=False, dtype={"path": str, "hash": str})
        return {key: settings[key] for key in SETTINGS}, files
    except (ValueError, KeyError, TypeError) as error:  # errors of pandas' parser and of UTF-8 are ValueErrors
        raise BallastError(f"{folder}: a damaged store of images ({str(error).splitlines()[0]}); delete it and run "
                           f"`dvc repro`") from error


def read_files(folder: str | Path) -> pd.DataFrame:
    """Return the table of a store: row, path, height, width, bytes and hash of every image."""
    return read_folder(folder)[1]


def save_folder(folder: str | Path, where: str, size: int, short: int, files: pd.DataFrame) -> None:
    """Write store.json and files.csv."""
    write_atomic(Path(folder, "store.json"), json.dumps({"where": where, "size": size, "short": short}) + "\n")
    write_atomic(Path(folder, "files.csv"), files.to_csv(index=False))


def restrict(folder: str | Path, kept: np.ndarray) -> None:
    """Keep only the images at positions ``kept`` in a store; images.npy stays as it is."""
    settings, files = read_folder(folder)
    save_folder(folder, **settings, files=files.iloc[kept])


def save_empty(folder: str | Path, like: str | Path) -> None:
    """Write a store without images that otherwise is like another one."""
    settings, files = read_folder(like)
    save_folder(folder, **settings, files=files[:0])
    if settings["where"] != "files":
        pixels = read_npy(Path(like, "images.npy"), "r")
        save_array(Path(folder, "images.npy"), pixels[:0])
