"""Which images a source has: a folder tree, a published list of lines ``relative/path label``, or a .npy array."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ballast.images.decode import open_array
from ballast.runtime.errors import BallastError, require
from ballast.runtime.files import resolve_path

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


class Listing(NamedTuple):
    """Files below ``root`` in a fixed order; labels and class names where the source has them."""

    root: str  # as it was given, or empty
    files: list[str]
    labels: list[int] | None = None
    classes: list[str] | None = None

    def paths(self) -> list[str]:
        """Every file with its root; ``resolve_path`` finds it."""
        return [f"{self.root}/{file}" for file in self.files] if self.root else self.files


def listing(part: str, root: str | None, labelled: bool) -> Listing:
    """The images of a folder, of an array, or of a list whose paths start at ``root``."""
    if part.endswith(".npy"):
        return array(part, labelled)
    if not resolve_path(part).is_file():
        return folder(part, labelled)
    require(root is not None, f"{part}: is a list; root has to say where its paths start")
    return filelist(part, root, labelled)


def folder(root: str, labelled: bool) -> Listing:
    """All image files below ``root``, sorted by path; with labels, the first folder's name is the class."""
    top = resolve_path(root)
    require(top.is_dir(), f"{root}: no such folder")

    def refuse(error: OSError) -> None:
        raise BallastError(f"{error.filename}: unreadable folder ({error.strerror})")

    files = sorted(str(Path(folder, name).relative_to(top)) for folder, _, names in os.walk(top, onerror=refuse)
                   for name in names if name.lower().endswith(SUFFIXES))
    require(files, f"{root}: no image in it (looked for {', '.join(SUFFIXES)})")
    if not labelled:
        return Listing(root, files)
    classes = sorted(entry.name for entry in top.iterdir() if entry.is_dir())
    loose = [file for file in files if os.sep not in file]
    require(not loose, f"{root}/{''.join(loose[:1])}: lies beside the class folders; a labelled source wants every "
                       f"image in the folder of its class")
    names = [file.split(os.sep)[0] for file in files]
    empty = sorted(set(classes) - set(names))
    require(not empty, f"{root}/{''.join(empty[:1])}: class folder without an image")
    label = {name: number for number, name in enumerate(classes)}
    return Listing(root, files, [label[name] for name in names], classes)


def filelist(path: str, root: str, labelled: bool) -> Listing:
    """The files of a list, in its order: ``relative/path label`` or ``relative/path`` in every line."""
    require(resolve_path(path).is_file(), f"{path}: no such list")
    require(resolve_path(root).is_dir(), f"{root}: no such folder; {path} lists files in it")
    files, labels, seen = [], [], {}
    for number, line in enumerate(resolve_path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        name, *rest = line.rsplit(maxsplit=1) if labelled else [line.strip().rsplit(maxsplit=1)[0]
                                                                if _ends_in_number(line) else line.strip()]
        require(not labelled or rest, f"{where}: wants `path label`, has {line!r}")
        require(not labelled or rest[0].isdigit(), f"{where}: label {rest and rest[0]!r} is no number from 0 on")
        require(not Path(name).is_absolute() and ".." not in Path(name).parts, f"{where}: {name} points out of {root}")
        require(name not in seen, f"{where}: {name} again, first in line {seen.get(name)}")
        seen[name] = number
        files.append(name)
        labels += map(int, rest)
    require(files, f"{path}: an empty list")
    if not labelled:
        return Listing(root, files)
    return Listing(root, files, labels, class_names(files, labels))


def array(path: str, labelled: bool) -> Listing:
    """The images of an array uint8 [N, H, W], [N, H, W, C] or [N, C, H, W]; labels of x.npy are in x_labels.npy."""
    require(resolve_path(path).is_file(), f"{path}: no such array")
    images = _opened(path)
    right = images.dtype == np.uint8 and len(images) and (
        images.ndim == 3 or (images.ndim == 4 and {1, 3} & {images.shape[1], images.shape[3]}))
    require(right, f"{path}: wants uint8 images [N, H, W, 3], has {images.dtype} {list(images.shape)}")
    top, files = str(Path(path).parent), [f"{Path(path).name}#{number}" for number in range(len(images))]
    if not labelled:
        return Listing(top, files)
    beside = path.removesuffix(".npy") + "_labels.npy"
    require(resolve_path(beside).is_file(), f"{beside}: missing; it holds a label for each image of {path}")
    labels = _opened(beside)
    right = labels.shape == (len(images),) and labels.dtype.kind in "iu" and labels.min() >= 0
    require(right, f"{beside}: wants {len(images)} labels from 0 on, has {labels.dtype} {list(labels.shape)}")
    return Listing(top, files, labels.tolist(), class_names(files, labels.tolist()))


def class_names(files: list[str], labels: list[int]) -> list[str]:
    """The folder that holds a label's files, where that is one folder and no other label's; else the number."""
    parents: list[set[str]] = [set() for _ in range(max(labels) + 1)]
    for file, label in zip(files, labels):
        parents[label].add(Path(file).parent.name)
    names = [parent.pop() if len(parent) == 1 else "" for parent in parents]
    return names if all(names) and len(set(names)) == len(names) else [str(c) for c in range(len(names))]


def _opened(path: str) -> np.ndarray:
    try:
        return open_array(str(resolve_path(path)))
    except (ValueError, EOFError, OSError) as error:
        raise BallastError(f"{path}: not a readable .npy array ({' '.join(str(error).split())})") from error


def _ends_in_number(line: str) -> bool:
    """A list with labels may serve as a pool: the label, apart from the path, is passed over."""
    words = line.split()
    return len(words) > 1 and words[-1].isdigit()
