"""Files that are either whole or absent, arrays in them, and the paths of params.yaml."""

import io
import os
import shutil
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ballast.runtime.errors import BallastError, reason
from ballast.runtime.ranks import apart


@contextmanager
def written(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for writing that gets its name once it is complete and on the disk; an old one stays until then."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}{apart()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise BallastError(f"{path}: not written ({error.strerror}); what was there before is unharmed: make room, or "
                           f"the folder writable, and run again") from error
    finally:
        with suppress(OSError):  # it was renamed, or never created
            temporary.unlink()


def write_atomic(path: str | Path, content: bytes | memoryview | str) -> None:
    """Write a file so that it is either whole or absent."""
    with written(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def save_array(path: str | Path, array: np.ndarray) -> None:
    """Write an array as .npy, atomically."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_atomic(path, buffer.getbuffer())


def read_npy(path: str | Path, mmap_mode: str | None = None) -> np.ndarray:
    """Read a .npy file, and never a pickle or an archive; what is wrong with one is a ValueError or an OSError."""
    try:
        array = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (ValueError, EOFError, SyntaxError, tokenize.TokenError, OverflowError, MemoryError, TypeError) as error:
        raise ValueError(reason(error)) from error
    if not isinstance(array, np.ndarray):
        raise ValueError("no array, but an archive of several")
    return array


def load_array(path: str | Path, mmap_mode: str | None = None) -> np.ndarray:
    """Read a .npy file that an earlier stage wrote, or map it into memory; never a pickle."""
    path = Path(path)
    if not path.is_file():
        raise BallastError(f"{path}: missing; `dvc repro` makes it")
    try:
        return read_npy(path, mmap_mode)
    except (ValueError, OSError) as error:
        raise BallastError(f"{path}: expected a readable .npy array, got an error ({error}); delete it and run "
                           f"`dvc repro`") from error


def scratch(*names: str) -> Path:
    """Return a place for what stages remember outside of DVC's outputs, also under `dvc exp run --temp`."""
    return Path(os.environ.get("DVC_ROOT", "."), ".scratch", *names)


@contextmanager
def emptied(folder: Path) -> Iterator[Path]:
    """Make an empty folder for temporary files, also of what a killed run left in it; remove it at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def resolve_path(path: str) -> Path:
    """Resolve a path of params.yaml: relative ones start at the repository, in `dvc exp run --temp` too."""
    return Path(os.environ.get("DVC_ROOT", "."), path).expanduser()
