"""For every stage, the source files that it runs and their digests: what it depends on in place of a list of files.

An edit reruns this stage; the others only where a file that they import, directly or not, is another one now. A
module's data file lies beside it under its name.
"""

import ast
import hashlib
from pathlib import Path

from ballast.runtime.files import write_atomic
from stages.supervise import ROOT, run

FOLDERS = (ROOT / "src", ROOT / "stages")
# Not stages, this one, and check, which dvc.yaml tells its few files.
NOT_LISTED = {ROOT / f"stages/{name}.py" for name in ("common", "settings", "sources", "check")}


def main() -> None:
    for script in sorted(set((ROOT / "stages").glob("*.py")) - NOT_LISTED):
        files = [file for code in closure(script) for file in (code, code.with_suffix(".csv")) if file.exists()]
        lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(ROOT)}\n" for file in files]
        write_atomic(f"data/sources/{script.stem}.txt", "".join(lines))


def closure(script: Path) -> list[Path]:
    """A script and all files of this project that it imports, directly or not."""
    todo, seen = [script], set()
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += imported(file)
    return sorted(seen)


def imported(file: Path) -> list[Path]:
    """Files of this project that ``file`` imports itself, the __init__ of their packages included."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    prefixes = {Path(*name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 2)}
    places = [folder / prefix for folder in FOLDERS for prefix in prefixes]
    return [found for place in places for found in (place.with_suffix(".py"), place / "__init__.py") if found.is_file()]


if __name__ == "__main__":
    run(main)
