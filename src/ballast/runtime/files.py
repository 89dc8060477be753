"""Files that are there whole or not at all."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ballast.runtime.errors import BallastError, require


@contextmanager
def written(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write into, which takes its name once it is whole and on the disk; until then what was there stays."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
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
        with suppress(OSError):  # it has its name, or was never made
            temporary.unlink()


def write_atomic(path: str | Path, content: bytes | memoryview | str) -> None:
    """Write a file, whole or not at all."""
    with written(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def save_array(path: str | Path, array: np.ndarray) -> None:
    """Write an array as .npy, atomically."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_atomic(path, buffer.getbuffer())


def load_array(path: str | Path) -> np.ndarray:
    """Read a .npy file that an earlier stage wrote; never a pickle."""
    path = Path(path)
    require(path.is_file(), f"{path}: missing; `dvc repro` makes it")
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BallastError(f"{path}: not a readable .npy array ({error}); delete it and run `dvc repro`") from error


def resolve_path(path: str) -> Path:
    """A path of params.yaml: relative ones start at the repository, also in `dvc exp run --temp`."""
    return Path(os.environ.get("DVC_ROOT", "."), path).expanduser()
