"""Repair what a kill of DVC left: it writes dvc.lock and its lists of locks in place, and cannot read half of them.

    python -m scripts.mend

The last stage of dvc.lock is dropped. DVC's run cache provides its outputs and those of the stages that were lost.
"""

import json
import os
import re
from pathlib import Path

import yaml

from ballast.runtime.files import write_atomic


def main(path: Path = Path("dvc.lock")) -> None:
    """Drop the last stage of an incomplete file; leave a complete one as it is."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    if text is None or is_complete(text):
        return
    *complete, last = [match.start() for match in re.finditer(r"^  \S", text, re.MULTILINE)] or [0]
    if complete:
        write_atomic(path, text[:last])
    else:
        path.unlink()
    print(f"{path}: cut off; dropped its last stage. Stages that did not change come back from the cache.")


def unlock(path: Path) -> None:
    """Remove a list of DVC's locks where a kill has cut it off, or all commands that it names have ended."""
    try:
        processes = set(re.findall(r'"pid": (\d+)', json.dumps(json.loads(path.read_text(encoding="utf-8")))))
    except FileNotFoundError:
        return
    except ValueError:
        path.unlink()
        print(f"{path}: cut off; removed.")
        return
    if processes and not any(is_alive(int(number)) for number in processes):
        path.unlink()
        print(f"{path}: of commands that have ended; removed.")


def is_alive(number: int) -> bool:
    """Return whether a process of this number runs: one that has ended may wait for its parent, as in a container."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    status = Path(f"/proc/{number}/stat")
    return not (status.exists() and status.read_text(errors="replace").rpartition(")")[2].split()[0] == "Z")


def is_complete(text: str) -> bool:
    """Return whether the text is a complete dvc.lock: at its end DVC writes the size of a stage's last output."""
    try:
        *_, last = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"].values()
        return text.endswith("\n") and isinstance(last["outs"][-1]["size"], int)
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError):
        return False


if __name__ == "__main__":
    main()
    for locks in (".dvc/tmp/rwlock", ".dvc/tmp/exps/rwlock"):
        unlock(Path(locks))
