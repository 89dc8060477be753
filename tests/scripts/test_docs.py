"""Tables of README and docs: they are those of the committed results, and a page shows the rows that it names."""

import json
import shutil

import pandas as pd
import pytest

from ballast.report.marks import filled, marks
from ballast.report.tables import by_protocol, summary
from ballast.report.verdicts import gains
from scripts import docs
from tests import ROOT
from tests.report.runs import runs

RUNS = runs({"simclr": [2.0, 4.0], "colt": [2.5, 4.6]})
TRIALS = runs({"simclr": [2.0, 4.0], "balanced": [3.0, 6.0], "random": [1.0, 2.0], "colt": [5.0, 5.0]}).assign(
    seconds=8.0, depths="1-1", **dict.fromkeys(set(docs.SETTINGS) - {"depths"}, 1))


@pytest.fixture(scope="module")
def committed():
    return docs.tables(ROOT)


@pytest.mark.parametrize("page", docs.pages(ROOT), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_tables_of_a_page_are_those_of_the_committed_results(page, committed):
    """Marks whose file is not there are skipped."""
    text = page.read_text(encoding="utf-8")
    blocks = {**committed, **docs.rows_of(text, ROOT)}
    assert filled(text, blocks) == text, "run `make docs`"


def test_every_mark_has_a_table(tmp_path):
    results(tmp_path)
    blocks = {**docs.tables(tmp_path), **docs.rows_of("Rows: `colt`.", tmp_path)}
    named = {mark for page in docs.pages(ROOT) for mark in marks(page.read_text(encoding="utf-8"))}
    assert named - {"gpu"} <= set(blocks)  # `make gpu` fills that one


def test_a_page_shows_the_rows_that_it_names_and_no_others(tmp_path):
    results(tmp_path)
    table = docs.rows_of("# COLT\n\nRows: `colt`. Variants: `simclr`.\n", tmp_path)["rows"]
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == ["colt"]
    assert "3.5 ± 1.1" in table
    two = docs.rows_of("Rows: `colt`,\n`simclr`. Variants: none.", tmp_path)["rows"]
    assert [line.split("|")[1].strip() for line in two.splitlines()[2:]] == ["colt", "simclr"]
    gains = docs.rows_of("Rows: `colt`.", tmp_path)["gains"]
    assert "| colt over simclr | +0.5 [" in gains
    assert docs.rows_of("no such line", tmp_path) == {} == docs.rows_of("Rows: `colt`.", tmp_path / "none")


def test_the_table_says_what_a_row_does_and_a_row_without_a_line_stays_blank(tmp_path):
    results(tmp_path)
    lines = docs.tables(tmp_path)["table"].splitlines()
    assert "what it does" in lines[0] and "baseline" in lines[2] and lines[4].split("|")[2].strip() == ""


def test_repeats_that_were_looked_at_before_have_no_part_in_the_later_gains(monkeypatch):
    monkeypatch.setitem(docs.pairs.LOOKED_AT, "table", 1)
    three = runs({"simclr": [2.0, 4.0, 6.0], "colt": [9.0, 4.4, 6.6]})
    blocks = docs.compared("table", three, {"simclr": ("colt",)})
    assert "| colt over simclr | +2.7 [" in blocks["table-gains"]
    assert "| colt over simclr | +0.5 [" in blocks["table-later-gains"]
    assert set(docs.compared("other", three, {"simclr": ("colt",)})) == {"other", "other-gains"}


def test_what_was_tried_has_gains_with_their_errors(tmp_path):
    results(tmp_path)
    lines = [[cell.strip() for cell in line.split("|")[1:-1]]
             for line in docs.tables(tmp_path)["resolution"].splitlines()]
    found = dict(zip(lines[0], lines[2]))
    assert found["balanced over simclr"] == "+1.5 ± 0.5" and found["colt over random"] == "+3.5 ± 0.5"
    assert (found["n"], found["s"], found["depths"]) == ("2", "8", "1-1") and len(lines) == 3


def test_diagnostics_are_a_row_per_method_with_blanks_for_what_it_does_not_have(tmp_path):
    results(tmp_path)
    lines = [[cell.strip() for cell in line.split("|")[1:-1]]
             for line in docs.tables(tmp_path)["diagnostics"].splitlines()]
    assert lines[0] == ["method", "rank correlation: density", "rank correlation: loss", "lean: Many", "lean: Median",
                        "lean: Few", "kept"]
    assert lines[2:] == [["bcl", "", "-0.47", "", "", "", ""], ["colt", "-0.99", "", "0.71", "2.23", "1.17", "0.46"]]


def test_results_of_other_parameters_do_not_reach_the_pages(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text("dataset: own\nprofile: laptop\nsplit: 1\nrepeats: 7\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(docs.BallastError, match=r"params\.yaml: dataset: expected 'glyphs'"):
        docs.main()


def results(folder):
    """Write small results to a folder."""
    (folder / "results").mkdir()
    (folder / "metrics").mkdir()
    summary(pd.concat([RUNS, runs({"mine": [1.0, 2.0]})])).to_csv(folder / "results/table.csv", index=False)
    gains(RUNS, [("colt", "simclr")]).assign(protocol="linear").to_csv(folder / "results/gains.csv", index=False)
    by_protocol(RUNS).to_csv(folder / "results/protocols.csv", index=False)
    for place in ("docs/results", "tests/device"):
        (folder / place).mkdir(parents=True)
    shutil.copy(ROOT / "tests/device/launches.csv", folder / "tests/device")
    for path in (ROOT / "docs/results").glob("*.csv"):  # what docs.of_selections reads
        shutil.copy(path, folder / "docs/results")
    TRIALS.to_csv(folder / "docs/results/resolution.csv", index=False)
    runs({"simclr": [1.0, 2.0], "frozen": [2.0, 4.0]}).to_csv(folder / "docs/results/starts.csv", index=False)
    correlation = "rank correlation of tailness and count"
    (folder / "metrics/diagnostics.json").write_text(json.dumps({
        "bcl": {correlation: {"loss": -0.4667}},
        "colt": {correlation: {"density": -0.9879}, "pool images of all rounds": {"drawn": 9, "kept": 0.4643},
                 "lean of the budget": {"Many": 0.7058, "Median": 2.2289, "Few": 1.1694}}}))
