"""Images as one uint8 array on disk and one uint8 tensor on the device: no worker, no decoding in the loop."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ballast.errors import BallastError, require


def load_array(path: str | Path) -> np.ndarray:
    """Read a .npy file that an earlier stage wrote; never a pickle."""
    path = Path(path)
    require(path.is_file(), f"{path}: missing; `dvc repro` makes it")
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BallastError(f"{path}: not a readable .npy array ({error}); delete it and run `dvc repro`") from error


def load_images(path: str | Path) -> Tensor:
    """Images uint8 [N, C, H, W], C = 1 or 3, from a .npy file."""
    images = load_array(path)
    require(images.dtype == np.uint8 and images.ndim == 4 and images.shape[1] in (1, 3),
            f"{path}: wants uint8 images [N, 1 or 3, H, W], has {images.dtype} {list(images.shape)}")
    return torch.from_numpy(images)
