"""Mend a dvc.lock that a kill cut off: DVC writes it in place, and refuses to read what is left of it.

    python scripts/mend.py

The last stage of what is left is dropped. What it and the lost ones made comes back from DVC's run cache.
"""

import re
from pathlib import Path

import yaml

from ballast.runtime.files import write_atomic


def main(path: Path = Path("dvc.lock")) -> None:
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    if text is None or whole(text):
        return
    *kept, last = [match.start() for match in re.finditer(r"^  \S", text, re.MULTILINE)] or [0]
    if kept:
        write_atomic(path, text[:last])
    else:
        path.unlink()
    print(f"{path}: cut off, its last stage is dropped; stages that did not change come back from the cache")


def whole(text: str) -> bool:
    """DVC writes the size of a stage's last output at the very end."""
    try:
        *_, last = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"].values()
        return text.endswith("\n") and isinstance(last["outs"][-1]["size"], int)
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError):
        return False


if __name__ == "__main__":
    main()
