"""Repeats: which split and seed each has, where its files are, and which of them are there already."""

import shutil
from types import SimpleNamespace

import pytest

from stages.common import ahead
from stages.common.finished import brought_back, keep, key
from stages.common.repeats import Repeat, repeats_of

pytestmark = pytest.mark.unit
OUT = ["out/1"]


def test_every_repeat_has_a_split_and_a_seed_of_its_own():
    assert repeats_of(SimpleNamespace(repeats=3, split=2, seed=7)) == [(1, 2, 7), (2, 3, 8), (3, 4, 9)]


def test_repeats_share_the_pool_and_not_what_was_selected():
    repeat = Repeat(2, 2, 2)
    assert [repeat.pool(name) for name in ("none", "all", "mak")] == [
        "data/pool/none", "data/pool/all", "data/pool/mak/2"]
    assert repeat.list("few") == "data/labels/split/2/few.npy" and str(repeat.run("mak")) == "runs/mak/2"


@pytest.fixture
def result(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input").write_text("data")
    (tmp_path / "out/1").mkdir(parents=True)
    (tmp_path / "out/1/file").write_text("result")
    return tmp_path


def key_of(folder, **params):
    return key(params, [str(folder / "input")], "stages/work/pretrain.py")


def test_a_result_comes_back_for_the_same_parameters_and_inputs_alone(result):
    first = key_of(result, a=1)
    assert not brought_back(first, OUT)
    keep(first, OUT)
    shutil.rmtree(result / "out")  # as DVC does before it runs a stage
    assert not brought_back(key_of(result, a=2), OUT)
    (result / "input").write_text("other data")
    assert not brought_back(key_of(result, a=1), OUT)
    (result / "input").write_text("data")
    assert brought_back(key_of(result, a=1), OUT) and (result / "out/1/file").read_text() == "result"
    assert brought_back(first, OUT)  # also where it is in its place already


def test_a_result_comes_back_where_it_is_asked_for(result):
    """As the second repeat of a run, or another row, that is made from the same as the first one of an earlier run."""
    (result / "out.csv").write_text("table")
    keep("b" * 40, ["out/1", "out.csv"])
    shutil.rmtree(result / "out")
    assert brought_back("b" * 40, ["other/2", "other.csv"])
    assert [(result / name).read_text() for name in ("other/2/file", "other.csv")] == ["result", "table"]
    assert not (result / "out").exists()


def test_a_kept_result_that_was_damaged_is_made_again(result):
    keep("a" * 40, OUT)
    next(result.glob(".dvc/tmp/finished/*/0/file")).write_text("damaged")
    assert not brought_back("a" * 40, OUT) and not list(result.glob(".dvc/tmp/finished/*"))


def test_the_key_covers_the_code_of_a_training(result, monkeypatch):
    before = key_of(result)
    monkeypatch.setattr("stages.common.finished.digest", lambda file: str(file))
    assert key_of(result) != before


def test_a_row_has_nothing_where_neither_workspace_nor_cache_has_its_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert ahead.has_nothing("pretrain@colt", "runs/colt")
    (tmp_path / "dvc.lock").write_text("stages:\n  pretrain@colt:\n    outs:\n    - {path: runs/colt, md5: ab12.dir}\n")
    assert ahead.has_nothing("pretrain@colt", "runs/colt")
    (tmp_path / ".dvc/cache/files/md5/ab").mkdir(parents=True)
    (tmp_path / ".dvc/cache/files/md5/ab/12.dir").touch()
    assert not ahead.has_nothing("pretrain@colt", "runs/colt") and ahead.has_nothing("pretrain@mak", "runs/mak")
    (tmp_path / "runs/mak").mkdir(parents=True)
    assert not ahead.has_nothing("pretrain@mak", "runs/mak")
