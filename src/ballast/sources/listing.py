"""The images of a source: a folder tree, a list with lines ``relative/path label``, a .npy array, or archives."""

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ballast.images.address import Address, open_array
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path
from ballast.runtime.names import escaped
from ballast.sources.archives import KINDS, SUFFIXES, addresses, say_left_out


class Listing(NamedTuple):
    """Images below ``root`` in a fixed order, with labels and class names where the source has them.

    Names of files and classes are escaped (ballast.runtime.names).
    """

    root: str  # as it was given, or empty
    files: list[str]
    labels: list[int] | None = None
    classes: list[str] | None = None

    def paths(self) -> list[str]:
        """Return every file with its root, as `image_path` expects it."""
        return [f"{escaped(self.root)}/{file}" for file in self.files] if self.root else self.files


def listing(part: str, root: str | None, labelled: bool) -> Listing:
    """List the images of a folder, an array (.npy), archives (.tar, .parquet), or a list of paths below ``root``."""
    if not part:
        raise BallastError("images: expected the path of a folder, a list or an array, got an empty one")
    if part.endswith(".npy"):
        return array(part, labelled)
    if part.endswith(KINDS):
        if labelled:
            raise BallastError(f"{part}: expected labelled images in folders, lists or arrays, got archives; unpack "
                               f"them, or name them as the pool")
        return Listing("", addresses(part))
    if not resolve_path(part).is_file():
        return folder(part, labelled)
    if root is None:
        raise BallastError(f"{part}: expected a folder, a .npy array, or a list with a root, got a list without one; "
                           f"set `root` (of a pool: `pool_root`) to the folder where its paths start, or give a folder")
    return filelist(part, root, labelled)


def folder(root: str, labelled: bool) -> Listing:
    """List all image files below ``root``, sorted by path; with labels, the first folder's name is the class."""
    top = resolve_path(root)
    files, others = _files_below(root)
    say_left_out(root, others)
    if not files:
        raise BallastError(f"{root}: expected images ({', '.join(SUFFIXES)}), got none; check the path")
    if not labelled:
        return Listing(root, files)
    loose = next((file for file in files if os.sep not in file), None)
    if loose:
        raise BallastError(f"{root}/{loose}: expected images in class folders only, got one beside them; move it into "
                           f"the folder of its class")
    classes = [escaped(name) for name in sorted(entry.name for entry in top.iterdir() if entry.is_dir())]
    names = [file.split(os.sep)[0] for file in files]
    empty = sorted(set(classes) - set(names))
    if empty:
        raise BallastError(f"{root}/{empty[0]}: expected images of this class, got none; add some, or remove the "
                           f"folder")
    label = {name: number for number, name in enumerate(classes)}
    return Listing(root, files, [label[name] for name in names], classes)


def _files_below(root: str) -> tuple[list[str], Counter[str]]:
    """Return the escaped paths of all image files below a folder, sorted, and how many files have other endings.

    Linked folders count as folders; a link to a folder that it lies in does not.
    """
    top = resolve_path(root)
    if not top.is_dir():
        raise BallastError(f"{root}: expected a folder, got none; check the path")

    def refuse(error: OSError) -> None:
        raise BallastError(f"{error.filename}: expected a readable folder, got an error ({error.strerror}); change its "
                           f"permissions")

    files, others = [], Counter()
    for place, folders, names in os.walk(top, onerror=refuse, followlinks=True):
        above = Path(place).resolve()
        folders[:] = [name for name in folders if not above.is_relative_to(Path(place, name).resolve())]
        images = [name for name in names if name.lower().endswith(SUFFIXES)]
        files += [str(Path(place, name).relative_to(top)) for name in images]
        others.update(Path(name).suffix.lower() or "without ending" for name in set(names) - set(images))
    return [escaped(file) for file in sorted(files)], others


def filelist(path: str, root: str, labelled: bool) -> Listing:
    """List the files of a list, in its order: each line is ``relative/path label``, or only ``relative/path``."""
    if not resolve_path(path).is_file():
        raise BallastError(f"{path}: expected a list of images, got none; check the path")
    if not resolve_path(root).is_dir():
        raise BallastError(f"{root}: expected the folder of the files in {path}, got none; check the path")
    files: list[str] = []
    labels: list[int] = []
    first_line: dict[str, int] = {}
    lines = resolve_path(path).read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    for number, line in enumerate(lines, 1):  # str.splitlines would end a line at seven further characters
        if not line.strip():
            continue
        place = f"{path}:{number}"
        name, label = _entry(line, place, labelled)
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise BallastError(f"{place}: expected a path below {root}, got {name}; change it")
        if name in first_line:
            raise BallastError(f"{place}: expected every path once, got {name}, which is in line {first_line[name]} "
                               f"too; remove one of them")
        first_line[name] = number
        files.append(escaped(name))
        labels += [] if label is None else [label]
    if not files:
        raise BallastError(f"{path}: expected a list of images, got an empty one; add lines, or check the path")
    if not labelled:
        return Listing(root, files)
    return Listing(root, files, labels, class_names(files, labels))


def _entry(line: str, place: str, labelled: bool) -> tuple[str, int | None]:
    """Return the path and the label of a line; drop a label that is not needed."""
    words = line.rsplit(maxsplit=1)
    if not labelled:
        return (words[0] if len(words) > 1 and words[1].isdecimal() else line).strip(), None
    if len(words) < 2:
        raise BallastError(f"{place}: expected `path label`, got {line!r}; add the label")
    if not words[1].isdecimal():
        raise BallastError(f"{place}: expected a label 0, 1, 2, ..., got {words[1]!r}; number the classes from 0")
    return words[0], int(words[1])


def array(path: str, labelled: bool) -> Listing:
    """List the images of an array uint8 [N, H, W], [N, H, W, C] or [N, C, H, W]; labels of x.npy are x_labels.npy."""
    if not resolve_path(path).is_file():
        raise BallastError(f"{path}: expected a .npy array, got none; check the path")
    images = _opened(path)
    has_channels = images.ndim == 4 and bool({1, 3} & {images.shape[1], images.shape[3]})
    if images.dtype != np.uint8 or not len(images) or not (images.ndim == 3 or has_channels):
        raise BallastError(f"{path}: expected uint8 images [N, H, W, 3], got {images.dtype} {list(images.shape)}; "
                           f"convert the array")
    top = str(Path(path).parent)
    files = [str(Address(escaped(Path(path).name), row)) for row in range(len(images))]
    if not labelled:
        return Listing(top, files)
    beside = path.removesuffix(".npy") + "_labels.npy"
    if not resolve_path(beside).is_file():
        raise BallastError(f"{beside}: expected a label for each image of {path}, got no such file; save the labels "
                           f"there")
    labels = _opened(beside)
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
        raise BallastError(f"{beside}: expected {len(images)} integer labels, got {labels.dtype} {list(labels.shape)}; "
                           f"save one for each image of {path}")
    if labels.min() < 0:
        raise BallastError(f"{beside}: expected labels 0, 1, 2, ..., got {labels.min()}; number the classes from 0")
    return Listing(top, files, labels.tolist(), class_names(files, labels.tolist()))


def class_names(files: list[str], labels: list[int]) -> list[str]:
    """Name each label after the folder of its files if it has one folder that no other label shares, else number it."""
    parents: list[set[str]] = [set() for _ in range(max(labels) + 1)]
    for file, label in zip(files, labels):
        parents[label].add(Path(file).parent.name)
    names = [parent.pop() if len(parent) == 1 else "" for parent in parents]
    return names if all(names) and len(set(names)) == len(names) else [str(c) for c in range(len(names))]


def _opened(path: str) -> np.ndarray:
    try:
        return open_array(str(resolve_path(path)))
    except (ValueError, OSError) as error:
        raise BallastError(f"{path}: expected a readable .npy array, got an error ({' '.join(str(error).split())}); "
                           f"save it again with numpy.save") from error
