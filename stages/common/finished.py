"""Which repeats of a stage are there already, made with the same parameters, inputs and code.

DVC runs a stage as a whole. A stage of several repeats keeps its outputs (`persist` in dvc.yaml) and notes, outside of
what DVC tracks, what each was made from. So another repeat, or a stage that was killed, makes only what is missing.
"""

import hashlib
import itertools
import json
import os
from pathlib import Path

from ballast.runtime.code import ROOT, digest
from ballast.runtime.files import write_atomic
from stages.common.closure import closure


def key(params: dict, inputs: list[str], script: str) -> str:
    """Return the digest of what a result depends on.

    Args:
        params: its parameters.
        inputs: files and folders that it reads.
        script: the file with its code, whose imports count too.
    """
    facts = [params, {str(file.relative_to(ROOT)): digest(file) for file in closure(ROOT / script)}]
    total = hashlib.sha256(json.dumps(facts, sort_keys=True, default=vars).encode())
    for path in itertools.chain(*map(files, inputs)):
        total.update(digest(path).encode())
    return total.hexdigest()


def is_finished(key: str, outputs: list[str]) -> bool:
    """Return whether the outputs are those that were noted for the key."""
    note = _note(key)
    return note.is_file() and note.read_text() == _content(outputs)


def note_finished(key: str, outputs: list[str]) -> None:
    """Note that the outputs, files or folders, were made for the key."""
    write_atomic(_note(key), _content(outputs))


def files(path: str) -> list[Path]:
    """Return a file, or all files below a folder."""
    return sorted(file for file in Path(path).rglob("*") if file.is_file()) if os.path.isdir(path) else [Path(path)]


def _note(key: str) -> Path:
    return Path(os.environ.get("DVC_ROOT", "."), ".dvc/tmp/finished", key[:32])


def _content(outputs: list[str]) -> str:
    return "".join(f"{digest(file)} {file}\n" for path in outputs for file in files(path))
