"""Pages: links lead somewhere, files, targets and rows that they name exist, and the graph is DVC's."""

import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from ballast.config.files import read_params
from scripts import recipes, table
from tests import ROOT
from tests.docs import PAGES, commands, place

PARAMS = read_params(ROOT)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def said(*words: str) -> str:
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)", PAGES[page]):
        assert "://" in link or (place(page) / link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page):
    """A file of this repository by the end of its path; what DVC makes is not looked for."""
    tracked = said("git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in re.findall(r"`([\w./-]+\.(?:py|md|toml|txt))`", PAGES[page]):
        assert any(file == name or file.endswith(f"/{name}") for file in tracked), name


@pytest.mark.parametrize("page", PAGES)
def test_targets_that_are_named_exist(page):
    named = re.findall(r"`make ([a-z-]+)", PAGES[page]) + [
        word for line in commands(page) for word in re.findall(r"^make ([a-z-]+)", line)]
    assert set(named) <= TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_long_tables_have_known_rows_and_settings(page, tmp_path):
    """They stand in indented lines and take too long for `make docs-check`, so DVC applies their settings here."""
    lines = re.findall(r"^    python -m scripts\.table (.*)", PAGES[page].replace("\\\n", " "), re.MULTILINE)
    for asked in (table.arguments(shlex.split(line)) for line in lines):
        assert table.expanded(asked.methods, PARAMS, asked.settings)
        shutil.copy(ROOT / "params.yaml", tmp_path)
        apply_overrides(str(tmp_path / "params.yaml"), asked.settings)
    for line in re.findall(r"python -m scripts\.recipes ([a-z0-9 -]+)", PAGES[page]):
        assert set(line.split()) <= set(recipes.DATA)


def test_every_target_is_explained():
    lines = said("make", "--no-print-directory", "help").splitlines()
    assert {line.split()[0] for line in lines} == TARGETS
    assert len(lines) <= 25 and max(map(len, lines)) <= 120, "fits one screen"


def test_every_row_and_variant_has_its_page():
    pages = "".join(text for page, text in PAGES.items() if page.startswith("docs/methods/"))
    assert [name for name in PARAMS["show"] if f"`{name}`" not in PAGES["docs/methods.md"]] == []
    assert [name for name in PARAMS["variants"] if f"`{name}`" not in pages] == []


def test_the_graph_leads_where_the_stages_lead():
    """Every arrow is an edge of DVC's graph, every edge of it a path along the arrows; what all need is left out."""
    drawn = said(f"{Path(sys.executable).parent}/dvc", "dag", "--collapse-foreach-matrix", "--mermaid")
    shown = re.search(r"^```mermaid\n(.*?)^```", PAGES["docs/pipeline.md"], re.MULTILINE | re.DOTALL)[1]
    real = {(a, b) for a, b in arrows(drawn) if a != "check"}
    assert {(a, b) for a, b in arrows(shown) if a != "check"} <= real
    assert {(a, b) for a, b in real if b not in reached(a, arrows(shown))} == set()


def arrows(graph: str) -> set[tuple[str, str]]:
    """Pairs of names; a node is its name, or an alias with the name in brackets, and arrows may form chains."""
    names = dict(re.findall(r'(\w+)\["([^"]+)"\]', graph))
    chains = [[names.get(node, node) for node in re.split(r"\s*-->\s*", line.strip())] for line in graph.splitlines()]
    return {pair for chain in chains for pair in pairwise(chain)}


def reached(start: str, graph: set[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    todo = {start}
    while todo:
        todo = {b for a, b in graph if a in todo} - found
        found |= todo
    return found
