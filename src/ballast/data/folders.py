"""Image files as arrays of one size, from folders or published lists; bad pool files are left out, no others are."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ballast.data.decode import DecodeError, decode_all
from ballast.data.listing import Listing, filelist, folder
from ballast.errors import require
from ballast.progress import track


def labelled(part: str, size: int, root: str | None = None) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Images uint8 [N, 3, size, size], labels int64 [N] and class names of a folder of class folders, or of a list.

    root: where a list's paths start. A file that is no image ends it with one line: a missing training or test image
    would change a result silently.
    """
    listing = _listing(part, root, labelled=True)
    images, faults = _read(listing, size, f"reading {part}")
    first = next(iter(faults), None)
    require(not faults, f"{listing.path(first) if faults else ''}: {faults.get(first)}; {len(faults)} of "
                        f"{len(listing.files)} files of {part} cannot be used: repair or remove them")
    return images, np.array(listing.labels, np.int64), list(listing.classes)


def pool(part: str, size: int, root: str | None = None) -> tuple[np.ndarray, pd.DataFrame]:
    """Images uint8 [P, 3, size, size] and the manifest of all files of a folder or list: path, bytes, shows, status.

    ``shows`` is the name of the folder, for people; ``status`` is ok, or why the file was left out.
    """
    listing = _listing(part, root, labelled=False)
    images, faults = _read(listing, size, f"reading {part}")
    require(len(images) > 0, f"{part}: none of its {len(listing.files)} files is an image")
    manifest = pd.DataFrame({
        "path": listing.files, "bytes": [_bytes(listing.path(number)) for number in range(len(listing.files))],
        "shows": [Path(file).parent.name for file in listing.files],
        "status": [str(faults.get(number, "ok")) for number in range(len(listing.files))]})
    return images, manifest


def here(path: str) -> Path:
    """A path of params.yaml: relative ones start at the repository, also in `dvc exp run --temp`."""
    return Path(os.environ.get("DVC_ROOT", "."), path).expanduser()


def _listing(part: str, root: str | None, labelled: bool) -> Listing:
    path = here(part)
    if not path.is_file():
        return folder(path, labelled)
    require(root is not None, f"{part}: is a list; root has to say where its paths start")
    return filelist(path, here(root), labelled)


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _read(listing: Listing, size: int, what: str) -> tuple[np.ndarray, dict[int, DecodeError]]:
    """The decoded images, and the faults by position in the listing."""
    images, faults = np.empty((len(listing.files), 3, size, size), np.uint8), {}
    kept = 0
    for number, found in enumerate(track(_decoded(listing, size), what, total=len(listing.files), unit="file")):
        if isinstance(found, DecodeError):
            faults[number] = found
        else:
            images[kept] = found
            kept += 1
    return images[:kept], faults


def _decoded(listing: Listing, size: int) -> Iterator[np.ndarray | DecodeError]:
    paths = [listing.path(number) for number in range(len(listing.files))]
    return decode_all(paths, size, workers=os.cpu_count() or 1)
