"""CIFAR-10 and CIFAR-100 by torchvision, and the 300K Random Images array as their pool (methods.md 4.1)."""

from pathlib import Path

import numpy as np
from torchvision.datasets import CIFAR10, CIFAR100

from ballast.runtime.errors import BallastError, require

KINDS = {"cifar10": CIFAR10, "cifar100": CIFAR100}
POOL = "300K_random_images.npy"
POOL_URL = "https://people.eecs.berkeley.edu/~hendrycks/300K_random_images.npy"


def labelled(kind: str, root: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Train images uint8 [50000, 3, 32, 32] and labels, test images and labels, class names.

    torchvision checks every file's md5 before it reads it, and downloads what is missing if the machine has a network.
    """
    data = KINDS[kind]
    try:
        train, test = (data(root, train=part, download=True) for part in (True, False))
    except Exception as error:  # no network, a proxy's page instead of the archive, a full disk
        raise BallastError(f"{root}/{data.filename}: missing or damaged, and not to be had from {data.url} "
                           f"({' '.join(str(error).split())}); put the file there, md5 {data.tgz_md5}") from error
    parts = [array for part in (train, test) for array in (_pixels(part.data), np.array(part.targets, np.int64))]
    return (*parts, list(train.classes))


def pool(path: Path) -> np.ndarray:
    """Images uint8 [P, 3, 32, 32] of an array [P, 32, 32, 3] or [P, 3, 32, 32] on disk."""
    require(path.is_file(), f"{path}: missing; get {POOL_URL}, or any uint8 array of images")
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BallastError(f"{path}: not a readable .npy array ({error})") from error
    right = images.dtype == np.uint8 and images.ndim == 4 and 3 in (images.shape[1], images.shape[3])
    require(right, f"{path}: wants uint8 images [P, 32, 32, 3], has {images.dtype} {list(images.shape)}")
    return _pixels(images) if images.shape[3] == 3 else np.array(images)


def _pixels(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
