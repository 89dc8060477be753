"""Which source files a stage runs: the closure of its imports. ``python -m tests.stage_deps pretrain`` lists them."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imported(file: Path) -> list[Path]:
    """Files of this repository that ``file`` imports, directly."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            path = Path(*name.split(".")).with_suffix(".py")
            found += [place for place in (ROOT / "src" / path, ROOT / "stages" / path) if place.is_file()]
    return found


def closure(script: Path) -> set[str]:
    """Repository paths of a stage script and all it imports, directly or not; packages' docstrings do not count."""
    todo, seen = [script], set()
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += imported(file)
    return {str(file.relative_to(ROOT)) for file in seen}


if __name__ == "__main__":
    print("\n".join(sorted(closure(ROOT / "stages" / f"{sys.argv[1]}.py"))))
