"""Which files of this project a file imports, directly or not, by its syntax alone."""

import ast
from pathlib import Path

from ballast.runtime.code import ROOT

FOLDERS = (ROOT / "src", ROOT)


def closure(file: Path) -> list[Path]:
    """Return a file and all files of this project that it imports, directly or not, sorted."""
    todo, seen = [file], set()
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += imported(file)
    return sorted(seen)


def imported(file: Path) -> list[Path]:
    """Return the files of this project that ``file`` imports itself, the __init__ of their packages included."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = absolute(file, node)
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    names = {name for name in names if name.split(".")[0] in ("ballast", "stages")}
    prefixes = {Path(*name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 2)}
    places = [folder / prefix for folder in FOLDERS for prefix in prefixes]
    return [path for place in places for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()]


def absolute(file: Path, node: ast.ImportFrom) -> str:
    """Return the full name of the module that ``from ... import`` names, also where it begins with dots."""
    if not node.level:
        return node.module
    folder = next(folder for folder in FOLDERS if file.is_relative_to(folder))
    package = file.relative_to(folder).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])
