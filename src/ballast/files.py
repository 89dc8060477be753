"""Files that are there whole or not at all."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ballast.errors import BallastError


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
