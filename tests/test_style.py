"""What CONTRIBUTING asks of every file: nothing private is named, docstrings, short functions, imports downwards."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

BINARY = (".png", ".npz", ".ttf")
WRITTEN = (*BINARY, ".csv", ".lock", ".html", ".txt")  # where letters with digits are no decisions
# In pieces, so that this file does not name what it forbids.
PRIVATE = {
    "a section of a document that no reader has": r"methods\.md" r" \d",
    "a card that no reader has": r"method" r" card",
    "a reading without its reason": r"(?i)our" r" reading",
    "a folder outside of the repository": r"\bshared" r"/",
    "a path of one machine": r"(?<![\w./-])/(work|root|home)" r"\b",
    "the host of a package registry": r"py" r"pi\.(org|python)|python" r"hosted|npm" r"js\.|download\.py" r"torch",
}
DECISION = r"\bD\d{1,2}\b"  # docs/papers.md has their names
FLOORS = (  # an import goes to a lower floor or stays in its package
    ("runtime",),
    ("config",),
    ("augment", "losses", "embeddings", "checks"),
    ("images", "tailness"),
    ("selection", "suitability"),
    ("encoders", "sources"),
    ("frameworks", "ideas"),
    ("training",),
    ("evaluation",),
    ("report",),
    ("export",),
    ("engine",),
    ("commands",),
    ("cli",),
)
FLOOR = {package: floor for floor, packages in enumerate(FLOORS) for package in packages}
CODE = sorted(path for folder in ("src", "stages", "scripts") for path in (ROOT / folder).rglob("*.py"))
LINES_OF_A_FILE = 300
LINES_OF_A_FUNCTION = 40
KNOWN = {"main", "forward"}  # what they do is said by the docstring of their file or class

code = pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))


def tracked() -> list[str]:
    """Return the names of all files that are or would be committed, other than this one."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.splitlines()
    here = str(Path(__file__).relative_to(ROOT))
    return [name for name in listed if name != here and (ROOT / name).is_file()]


def matches(pattern: str, names: list[str]) -> list[str]:
    """Return the places of a pattern in files."""
    return [f"{name}:{number}: {line.strip()[:100]}" for name in names
            for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1)
            if re.search(pattern, line)]


@pytest.mark.parametrize("what", PRIVATE)
def test_no_file_names(what):
    assert matches(PRIVATE[what], [name for name in tracked() if not name.endswith(BINARY)]) == []


def test_decisions_have_names_and_no_numbers():
    assert matches(DECISION, [name for name in tracked() if name.endswith((".py", ".md", ".yaml", ".toml"))]) == []


@pytest.mark.parametrize("line", [
    "see methods.md" " 1.6", "the method" " card", "Our" " reading", "in ../shared" "/data", "in /work" "/main",
    "from py" "pi.org", "item D" "13"])
def test_the_patterns_find_what_they_forbid(line):
    assert any(re.search(pattern, line) for pattern in (*PRIVATE.values(), DECISION))


@code
def test_a_docstring_begins_with_a_sentence(path):
    for name, node in public(ast.parse(path.read_text(encoding="utf-8"))):
        text = ast.get_docstring(node)
        if text is None and (name in KNOWN or not node.body):
            continue
        assert text, f"{name}: no docstring"
        assert text.splitlines()[0].endswith((".", ":")), f"{name}: {text.splitlines()[0]!r}"


def public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Return a module, its public classes and functions, and the public methods of those classes, with their names."""
    yield "the module", tree
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                yield from list(public(node))[1:]


@code
def test_functions_and_files_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LINES_OF_A_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
            lines = node.end_lineno - first.lineno + 1
            assert lines <= LINES_OF_A_FUNCTION, f"{node.name}: {lines} lines"


def test_every_package_has_its_floor():
    packages = {path.stem for path in (ROOT / "src/ballast").iterdir()
                if (path / "__init__.py").exists() or path.suffix == ".py"} - {"__init__"}
    assert packages == set(FLOOR)


@code
def test_imports_go_downwards(path):
    names = {name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for name in imported(node)}
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "src":
        assert not {name for name in names if name.startswith(("stages", "scripts", "benchmarks", "tests"))}
        own = FLOOR.get(parts[2], -1)
        higher = {name for name in names if name.startswith("ballast.") and name.split(".")[1] != parts[2]
                  and FLOOR[name.split(".")[1]] >= own}
        assert not higher
    if parts[0] == "stages":
        assert not {name for name in names if name.startswith(("scripts", "benchmarks", "tests"))}


def imported(node: ast.AST) -> list[str]:
    """Return the modules that a statement imports."""
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "an import names its module from the top"
        return [node.module] if node.module != "ballast" else [f"ballast.{alias.name}" for alias in node.names]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
