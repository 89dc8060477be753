"""Repeats: which split and seed each has, where its files are, and which of them are there already."""

from types import SimpleNamespace

import pytest

from stages.common import ahead
from stages.common.finished import is_finished, key, note_finished
from stages.common.repeats import Repeat, repeats_of

pytestmark = pytest.mark.unit


def test_every_repeat_has_a_split_and_a_seed_of_its_own():
    assert repeats_of(SimpleNamespace(repeats=3, split=2, seed=7)) == [(1, 2, 7), (2, 3, 8), (3, 4, 9)]


def test_repeats_share_the_pool_and_not_what_was_selected():
    repeat = Repeat(2, 2, 2)
    assert [repeat.pool(name) for name in ("none", "all", "mak")] == [
        "data/pool/none", "data/pool/all", "data/pool/mak/2"]
    assert repeat.list("few") == "data/split/2/few.npy" and str(repeat.run("mak")) == "runs/mak/2"


@pytest.fixture
def result(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "input").write_text("data")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/file").write_text("result")
    return tmp_path


def key_of(folder, **params):
    return key(params, [str(folder / "input")], "stages/work/pretrain.py")


def test_a_result_is_there_for_the_same_parameters_inputs_and_outputs_alone(result):
    first, out = key_of(result, a=1), [str(result / "out")]
    assert not is_finished(first, out)
    note_finished(first, out)
    assert is_finished(key_of(result, a=1), out) and not is_finished(key_of(result, a=2), out)
    (result / "input").write_text("other data")
    assert not is_finished(key_of(result, a=1), out)
    (result / "input").write_text("data")
    (result / "out/file").write_text("damaged")
    assert not is_finished(key_of(result, a=1), out)
    (result / "out/file").write_text("result")
    (result / "out/more").touch()
    assert not is_finished(key_of(result, a=1), out)


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
