"""Comparison of the workspace with a revision, and the line at the end of `make repro`."""

import json
from types import SimpleNamespace

import pytest

from ballast.runtime.errors import BallastError
from scripts.after import difference
from scripts.compare import asked, compared, parameters
from scripts.portable import compared as kinds_compared
from tests.report.runs import runs

OLD = runs({"simclr": [40.0, 42, 44, 46], "colt": [45.0, 47, 49, 51]}).assign(data="glyphs", processor="x")
NEW = OLD.assign(All=[40.0, 42, 44, 46, 47.0, 49.2, 51.1, 53])
FACTS = {"data": "glyphs", "split": "1-4", "seed": "1-4", "repeats": 4, "processor": "x"}
ENTRY = {"cmd": "c", "params": {"params.yaml": {"seed": 1}}, "deps": [{"path": "src/a", "md5": "1"}]}


def revision(table, name="main", params=None, entry=ENTRY, **facts):
    """Return what scripts.revision knows of a revision."""
    files = {f"metrics/{row}.json": json.dumps({**FACTS, **facts}).encode() for row in ("simclr", "colt")}
    if table is not None:
        files["results/repeats.csv"] = table.to_csv(index=False).encode()

    def read(path):
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    return SimpleNamespace(name=name, commit="abc1234def", dirty=False, read=read,
                           parameters=lambda: {"": params or {"a": {"b": 1}}},
                           stages={f"{stage}@{row}": entry for stage in ("pretrain", "evaluate")
                                   for row in ("simclr", "colt")})


def lines_of(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_it_says_which_side_is_which_and_gives_verdicts_over_the_same_repeats():
    lines = lines_of(compared(revision(NEW, params={"a": {"b": 2}}), revision(OLD)))
    assert lines[0].startswith("new: the workspace: data glyphs, split 1-4")
    assert lines[1].startswith("old: main (abc1234)")
    row = next(line for line in lines if line.startswith("| colt"))
    assert "| 50.08 | 48.00 |" in row and "+2.1 [+1.9, +2.2] better" in row
    assert next(line for line in lines if line.startswith("| simclr")).count("cannot tell") == 2
    assert "| a.b | 1 | 2 |" in lines


def test_another_number_of_repeats_compares_those_of_the_same_split_and_seed():
    fewer = OLD[OLD["repeat"] <= 2]
    assert "+2.1 [" in compared(revision(NEW), revision(fewer, repeats=2))
    other = OLD.assign(split=OLD["split"] + 10)
    assert "no repeat of the same split and seed" in compared(revision(NEW), revision(other))


def test_a_row_that_differs_without_a_cause_is_named():
    said = compared(revision(NEW), revision(OLD))
    assert "Warning: colt differ although parameters, code and data are the same" in said
    changed = {**ENTRY, "deps": [{"path": "src/a", "md5": "2"}]}
    assert "Warning" not in compared(revision(NEW, entry=changed), revision(OLD))
    assert "Warning" not in compared(revision(OLD), revision(OLD))


def test_two_data_sets_are_shown_and_not_compared():
    said = compared(revision(NEW.assign(data="own"), data="own"), revision(OLD))
    assert "The data sets differ (own, glyphs)" in said and "better" not in said


def test_mistakes_are_one_line():
    with pytest.raises(BallastError, match=r"main: expected results/repeats\.csv, got none"):
        compared(revision(NEW), revision(None))
    with pytest.raises(BallastError, match=r"METHODS: expected rows that both sides have .*, got nope"):
        compared(revision(NEW), revision(OLD), ["nope"])


def test_parameters_that_one_side_lacks_are_a_dash():
    assert parameters(revision(NEW, params={"a": {"b": 1}, "c": [1]}), revision(OLD)) == [
        {"parameter": "c", "old": "–", "new": "[1]"}]


def test_after_a_run_one_line_says_whether_it_agrees_with_what_is_committed():
    assert difference(OLD, OLD) == "" == difference(OLD[OLD["repeat"] < 3], OLD)
    said = difference(NEW.assign(processor="y"), OLD)
    assert said.startswith("These results differ from the committed ones (x, here y): 10 of 10 means are within")
    assert "9 of 10" in difference(OLD.assign(All=[40.0, 42, 44, 46, 65, 67, 69, 71]), OLD)


def test_only_opposite_verdicts_contradict_each_other():
    better = runs({"a": [1.0, 2, 3, 4], "b": [5.0, 6, 7.1, 8]})
    unsure = runs({"a": [1.0, 2, 3, 4], "b": [0.5, 3, 2, 6]})
    worse = runs({"a": [5.0, 6, 7.1, 8], "b": [1.0, 2, 3, 4]})
    contradictions, table = kinds_compared({"one": better, "two": unsure})
    assert not contradictions and table["other verdicts"].tolist() == [2] and table["numbers"].tolist() == [40]
    contradictions, _ = kinds_compared({"one": better, "two": worse})
    assert contradictions == ["a over b in All: one worse, two better", "a over b in Few: one worse, two better"]


@pytest.mark.parametrize(("words", "expected"), [
    ([], ("HEAD", None)), (["", "mak"], ("HEAD", ["mak"])), (["main"], ("main", None)),
    (["alpha-9", "mak,colt"], ("alpha-9", ["mak", "colt"])), ([""], ("HEAD", None))])
def test_an_empty_word_of_make_stands_for_the_last_commit(words, expected):
    assert asked(words) == expected
