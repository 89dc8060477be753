"""Images of a stage as a folder: store.json, files.csv (what each image is), thumbnails.npy, and images.npy.

``where`` in store.json says how they are used: memory and cache have their pixels in images.npy, as one tensor or row
by row; with files these stay where they are. Either kind of store answers the same question, ``views``: these images,
augmented by these draws, as floats on the device.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ballast.images.decode import array_row
from ballast.images.ondisk import OnDisk
from ballast.images.resident import Request, Resident
from ballast.runtime.errors import BallastError, require
from ballast.runtime.files import load_array, save_array, write_atomic

__all__ = ["OnDisk", "Request", "Resident", "Store"]

Store = Resident | OnDisk


def load_store(folder: str | Path, device: torch.device | str = "cpu") -> Store:
    """The images of a folder that an earlier stage wrote."""
    folder = Path(folder)
    how, files = _described(folder)
    if how["where"] == "memory":
        images = load_images(folder / "images.npy")
        rows = torch.tensor(files["row"].to_numpy(np.int64))
        whole = len(rows) == len(images) and bool((rows == torch.arange(len(rows))).all())
        return Resident(images if whole else images[rows], how["size"]).to(torch.device(device))
    if how["where"] == "cache":
        paths = np.array([f"{folder.resolve()}/images.npy#{row}" for row in files["row"]], object)
        height = width = torch.full((len(files),), how["short"])
    else:
        paths = files["path"].to_numpy(object)
        height, width = (torch.tensor(files[name].to_numpy(np.int64)) for name in ("height", "width"))
    return OnDisk(paths, height, width, how["size"], how["short"], device, how["where"])


def save_store(images: Store, folder: str | Path) -> None:
    """Write images as a store: their pixels, or where their files stay the list of them."""
    files = pd.DataFrame({"row": range(len(images))})
    if isinstance(images, Resident):
        save_files(folder, "memory", images.size, images.short, files)
        save_array(Path(folder, "images.npy"), images.images.cpu().numpy())
    elif images.where == "cache":
        save_files(folder, "cache", images.size, images.short, files)
        save_array(Path(folder, "images.npy"), np.stack([array_row(path) for path in images.paths]))
    else:
        files = files.assign(path=images.paths, height=images.height.numpy(), width=images.width.numpy())
        save_files(folder, "files", images.size, images.short, files)


def read_files(folder: str | Path) -> pd.DataFrame:
    """What every image of a store is: row, path, height, width, bytes, hash."""
    return _described(folder, keep_default_na=False)[1]


def restrict(folder: str | Path, kept: np.ndarray) -> None:
    """Leave only some images, by position, in a store; its pixels stay as they are."""
    how, files = _described(folder)
    save_files(folder, **how, files=files.iloc[kept])


def _described(folder: str | Path, **options: object) -> tuple[dict, pd.DataFrame]:
    """store.json and files.csv of a store."""
    try:
        how = json.loads(Path(folder, "store.json").read_text())
        return {key: how[key] for key in ("where", "size", "short")}, pd.read_csv(Path(folder, "files.csv"), **options)
    except (ValueError, KeyError, TypeError) as error:  # pandas' parser and UTF-8 errors are ValueErrors
        raise BallastError(f"{folder}: a damaged store of images ({str(error).splitlines()[0]}); `dvc repro` makes it "
                           f"again once it is deleted") from error


def load_images(path: str | Path) -> Tensor:
    """Images uint8 [N, C, H, W], C = 1 or 3, from a .npy file."""
    images = load_array(path)
    require(images.dtype == np.uint8 and images.ndim == 4 and images.shape[1] in (1, 3),
            f"{path}: wants uint8 images [N, 1 or 3, H, W], has {images.dtype} {list(images.shape)}")
    return torch.from_numpy(images)


def save_files(folder: str | Path, where: str, size: int, short: int, files: pd.DataFrame) -> None:
    """What a store is, beside its pixels."""
    write_atomic(Path(folder, "store.json"), json.dumps({"where": where, "size": size, "short": short}) + "\n")
    write_atomic(Path(folder, "files.csv"), files.to_csv(index=False))
