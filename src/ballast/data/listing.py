"""Which files a source has: a folder tree, or a published list of lines ``relative/path label``."""

import os
from pathlib import Path
from typing import NamedTuple

from ballast.errors import BallastError, require

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


class Listing(NamedTuple):
    """Files below ``root`` in a fixed order; labels and class names where the source has them."""

    root: Path
    files: list[str]
    labels: list[int] | None = None
    classes: list[str] | None = None

    def path(self, number: int) -> Path:
        """Where a file lies."""
        return self.root / self.files[number]


def folder(root: str | Path, labelled: bool) -> Listing:
    """All image files below ``root``, sorted by path; with labels, the first folder's name is the class."""
    root = Path(root)
    require(root.is_dir(), f"{root}: no such folder")

    def refuse(error: OSError) -> None:
        raise BallastError(f"{error.filename}: unreadable folder ({error.strerror})")

    files = sorted(str(Path(folder, name).relative_to(root)) for folder, _, names in os.walk(root, onerror=refuse)
                   for name in names if name.lower().endswith(SUFFIXES))
    require(files, f"{root}: no image in it (looked for {', '.join(SUFFIXES)})")
    if not labelled:
        return Listing(root, files)
    classes = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    loose = [file for file in files if os.sep not in file]
    require(not loose, f"{root}/{''.join(loose[:1])}: lies beside the class folders; a labelled source wants every "
                       f"image in the folder of its class")
    names = [file.split(os.sep)[0] for file in files]
    empty = sorted(set(classes) - set(names))
    require(not empty, f"{root}/{''.join(empty[:1])}: class folder without an image")
    label = {name: number for number, name in enumerate(classes)}
    return Listing(root, files, [label[name] for name in names], classes)


def filelist(path: str | Path, root: str | Path, labelled: bool) -> Listing:
    """The files of a list, in its order: ``relative/path label`` or ``relative/path`` in every line."""
    path, root = Path(path), Path(root)
    require(path.is_file(), f"{path}: no such list")
    require(root.is_dir(), f"{root}: no such folder; {path} lists files in it")
    files, labels, seen = [], [], {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
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
    classes = max(labels) + 1
    absent = sorted(set(range(classes)) - set(labels))
    require(not absent, f"{path}: labels run from 0 to {classes - 1}, but none is {absent[0] if absent else ''}")
    return Listing(root, files, labels, _names(files, labels, classes))


def _names(files: list[str], labels: list[int], classes: int) -> list[str]:
    """The folder that holds a label's files, where that is one folder and no other label's; else the number."""
    parents: list[set[str]] = [set() for _ in range(classes)]
    for file, label in zip(files, labels):
        parents[label].add(Path(file).parent.name)
    names = [parent.pop() if len(parent) == 1 else "" for parent in parents]
    return names if all(names) and len(set(names)) == classes else [str(c) for c in range(classes)]


def _ends_in_number(line: str) -> bool:
    """A list with labels may serve as a pool: the label, apart from the path, is passed over."""
    words = line.split()
    return len(words) > 1 and words[-1].isdigit()
