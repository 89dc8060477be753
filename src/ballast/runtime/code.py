"""Digests of the source files that a process of this project runs, to detect edits during the run."""

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def loaded_code() -> dict[str, str]:
    """Return the digest of every source file of this project that has been imported, by its path, in a fixed order."""
    paths = {Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    return {str(path): digest(path) for path in sorted(paths) if path.suffix == ".py" and path.is_relative_to(ROOT)
            and ".venv" not in path.parts}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, or an empty text where there is none."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def edited(before: dict[str, str]) -> str | None:
    """Return a file that is no longer what ``loaded_code`` saw, or None."""
    return next((path for path, digest_before in before.items() if digest(Path(path)) != digest_before), None)
