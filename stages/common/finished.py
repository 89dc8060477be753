"""Results of single repeats that are there already, made from the same parameters, inputs and code.

DVC runs a stage as a whole, and removes its outputs before. So every finished repeat is kept beside, under a key of all
that it was made from: another repeat, or a stage that was killed, makes only what is missing. The key says nothing of
places, so a result also serves another repeat, or another row, that is made from the same. What is kept are links to
the files, which DVC's cache holds anyway; the folder .dvc/tmp/finished may be deleted at any time.
"""

import hashlib
import itertools
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from ballast.runtime.code import ROOT, digest
from ballast.runtime.files import write_atomic
from stages.common.closure import closure

DIGESTS = "digests.json"  # of the kept files by their path, written last


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


def brought_back(key: str, outputs: list[str]) -> bool:
    """Put what was kept under a key into the places of these outputs; return whether it was there and whole."""
    place = _place(key)
    try:
        digests = json.loads((place / DIGESTS).read_text())
    except (OSError, ValueError):
        return False
    if any(digest(place / name) != expected for name, expected in digests.items()):
        shutil.rmtree(place)
        return False
    for name in digests:
        number, *parts = Path(name).parts
        path = Path(outputs[int(number)], *parts)
        if digest(path) != digests[name]:
            _link(place / name, path)
    return True


def keep(key: str, outputs: list[str]) -> None:
    """Keep finished outputs, files or folders below the project, under a key, by their number in the list."""
    place = _place(key)
    kept = {str(Path(str(number), path.relative_to(output))): path
            for number, output in enumerate(outputs) for path in files(output)}
    for name, path in kept.items():
        _link(path, place / name)
    write_atomic(place / DIGESTS, json.dumps({name: digest(path) for name, path in kept.items()}))


def files(path: str) -> list[Path]:
    """Return a file, or all files below a folder."""
    return sorted(file for file in Path(path).rglob("*") if file.is_file()) if os.path.isdir(path) else [Path(path)]


def _place(key: str) -> Path:
    return Path(os.environ.get("DVC_ROOT", "."), ".dvc/tmp/finished", key[:32])


def _link(source: Path, target: Path) -> None:
    """Make target the same file as source, or a copy of it where links are not possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        target.unlink()
    try:
        os.link(source.resolve(), target)
    except FileExistsError:  # another rank was faster
        pass
    except OSError:
        shutil.copyfile(source, target)
