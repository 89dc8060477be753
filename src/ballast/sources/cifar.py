"""CIFAR-10 and CIFAR-100 by torchvision, and the 300K Random Images array as their pool (docs/data.md)."""

from pathlib import Path

import numpy as np

from ballast.runtime.errors import BallastError
from ballast.runtime.files import read_npy

KINDS = {"cifar10": "CIFAR10", "cifar100": "CIFAR100"}  # classes of torchvision.datasets
POOL = "300K_random_images.npy"
POOL_URL = "https://people.eecs.berkeley.edu/~hendrycks/300K_random_images.npy"


def labelled(kind: str, root: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Read a data set below ``root``, and download it where it is missing and the machine has a network.

    Returns:
        Training images uint8 [50000, 3, 32, 32] and their labels, test images and theirs, class names.

    Raises:
        BallastError: the files are missing or their md5, which torchvision checks, is wrong.
    """
    from torchvision import datasets  # here, because other sources need neither torchvision nor torch

    data = getattr(datasets, KINDS[kind])
    try:
        train, test = (data(root, train=part, download=True) for part in (True, False))
    except Exception as error:  # no network, a proxy's page instead of the archive, a full disk
        raise BallastError(f"{root}/{data.filename}: missing or damaged, and downloading it from {data.url} failed "
                           f"({' '.join(str(error).split())}); put the file there, md5 {data.tgz_md5}") from error
    parts = [array for part in (train, test) for array in (_pixels(part.data), np.array(part.targets, np.int64))]
    return (*parts, list(train.classes))


def pool(path: Path) -> np.ndarray:
    """Read images uint8 [P, 3, 32, 32] from an array [P, 32, 32, 3] or [P, 3, 32, 32] on disk."""
    if not path.is_file():
        raise BallastError(f"{path}: missing; get {POOL_URL}, or any uint8 array of images")
    try:
        images = read_npy(path, "r")
    except (ValueError, OSError) as error:
        raise BallastError(f"{path}: expected a readable .npy array, got an error ({error}); get "
                           f"{POOL_URL} again") from error
    if images.dtype != np.uint8 or images.ndim != 4 or 3 not in (images.shape[1], images.shape[3]):
        raise BallastError(f"{path}: expected uint8 images [P, 32, 32, 3], got {images.dtype} {list(images.shape)}; "
                           f"get {POOL_URL}, or convert the array")
    return _pixels(images) if images.shape[3] == 3 else np.array(images)


def _pixels(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
