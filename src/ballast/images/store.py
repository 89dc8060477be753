"""Stores of images, in memory or on disk, and the folders they are read from and written to (ballast.images.folder).

Both kinds of store answer one question, ``views``: these images, augmented by these draws, as floats on the device.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ballast.images.address import Address
from ballast.images.folder import read_folder, save_folder
from ballast.images.ondisk import OnDisk
from ballast.images.resident import Request, Resident
from ballast.runtime.errors import BallastError
from ballast.runtime.files import load_array, save_array
from ballast.runtime.names import escaped, image_path, unescaped

__all__ = ["OnDisk", "Request", "Resident", "Store"]

Store = Resident | OnDisk


def load_store(folder: str | Path, device: torch.device | str = "cpu", decode: str = "cpu") -> Store:
    """Read the images of a folder that an earlier stage wrote; ``decode`` is that of OnDisk."""
    folder = Path(folder)
    settings, files = read_folder(folder)
    if settings["where"] == "memory":
        images = load_images(folder / "images.npy")
        rows = torch.tensor(files["row"].to_numpy(np.int64))
        whole = len(rows) == len(images) and bool((rows == torch.arange(len(rows))).all())
        return Resident(images if whole else images[rows], settings["size"]).to(torch.device(device))
    if settings["where"] == "cache":
        array = escaped(f"{folder.resolve()}/images.npy")
        paths = np.array([str(Address(array, row)) for row in files["row"]], object)
        height = width = torch.full((len(files),), settings["short"])
    else:
        paths = files["path"].to_numpy(object)
        height, width = (torch.tensor(files[name].to_numpy(np.int64)) for name in ("height", "width"))
        require_unchanged(paths, files["bytes"].to_numpy())
    encoded = torch.tensor(files["bytes"].to_numpy(np.int64)) if "bytes" in files else None
    return OnDisk(paths, height, width, settings["size"], settings["short"], device, settings["where"], decode, encoded)


def require_unchanged(paths: np.ndarray, encoded: np.ndarray) -> None:
    """Refuse image files [N] that no longer have the bytes [N] that they had when they were listed."""
    for path, expected in zip(paths, encoded):
        found = Address.parse(image_path(path)).bytes()
        if found != expected:
            raise BallastError(f"{path}: expected the {expected} bytes that stage images or pool read, got {found}; "
                               f"run `dvc repro -f images pool`")


def save_store(images: Store, folder: str | Path) -> None:
    """Write images as a folder: with their pixels, or with their paths where the pixels stay in their files."""
    files = pd.DataFrame({"row": range(len(images))})
    if isinstance(images, Resident):
        save_folder(folder, "memory", images.size, images.short, files)
        save_array(Path(folder, "images.npy"), images.images.cpu().numpy())
    elif images.where == "cache":
        save_folder(folder, "cache", images.size, images.short, files)
        rows = [Address.parse(unescaped(path)) for path in images.paths]
        save_array(Path(folder, "images.npy"), np.stack([row.pixels() for row in rows]))
    else:
        files = files.assign(path=images.paths, height=images.height.numpy(), width=images.width.numpy(),
                             bytes=images.encoded.numpy())
        save_folder(folder, "files", images.size, images.short, files)


def load_images(path: str | Path) -> Tensor:
    """Read images uint8 [N, C, H, W], C = 1 or 3, from a .npy file."""
    images = load_array(path)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
        raise BallastError(f"{path}: expected uint8 images [N, 1 or 3, H, W], got {images.dtype} {list(images.shape)}; "
                           f"delete it and run `dvc repro`")
    return torch.from_numpy(images)
