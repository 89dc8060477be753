"""State on disk: one trainer, its own parameters and inputs, nothing left behind."""

import os
from threading import Timer

import pytest
import torch

from ballast.runtime.errors import BallastError
from ballast.training import checkpoint as module
from ballast.training.checkpoint import Checkpoint


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("DVC_STAGE", "pretrain@x")
    (tmp_path / "input").write_text("data")
    return tmp_path


def open_(folder, **params):
    return Checkpoint(params, [str(folder / "input")], "pretrain@x")


def test_state_comes_back_and_is_gone_after_the_end(folder):
    first = open_(folder, a=1)
    assert first.load() is None
    first.save({"epoch": 3, "memory": torch.arange(4)})
    saved = first.load()
    assert saved["epoch"] == 3 and saved["memory"].tolist() == [0, 1, 2, 3]
    first.remove()
    assert not list((folder / ".scratch").iterdir())


def test_other_parameters_or_inputs_start_afresh(folder):
    first = open_(folder, a=1)
    first.save({"epoch": 3})
    assert open_(folder, a=2).load() is None
    (folder / "input").write_text("other data")
    assert open_(folder, a=1).load() is None


def test_a_second_trainer_is_refused(folder, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    first = open_(folder, a=1)
    with pytest.raises(BallastError, match="another process is training this"):
        open_(folder, a=1)
    first.remove()
    open_(folder, a=1)


def test_a_second_trainer_waits_for_one_that_is_about_to_end(folder):
    first = open_(folder, a=1)
    Timer(0.5, first.remove).start()
    second = open_(folder, a=1)
    assert (second.folder / "lock").exists() and first._lock.closed


def test_a_change_while_training_is_noticed(folder):
    first = open_(folder, a=1)
    first.check_unchanged()
    (folder / "input").write_text("changed")
    with pytest.raises(BallastError, match="changed while this stage ran"):
        first.check_unchanged()


def test_saving_keeps_to_its_share_of_the_time(folder, monkeypatch):
    first = open_(folder, a=1)
    first.save({"epoch": 1})
    first._cost = 1000.0
    first.save({"epoch": 2})
    assert first.load()["epoch"] == 1
    monkeypatch.setattr(module.time, "monotonic", lambda: first._saved_at + 1000.0 / module.SHARE_OF_TIME + 1)
    first.save({"epoch": 3})
    assert first.load()["epoch"] == 3


@pytest.mark.parametrize("damage", [lambda content: content[:100], lambda content: b"",
                                    lambda content: content[:-300] + bytes([content[-300] ^ 1]) + content[-299:]])
def test_a_damaged_state_is_said_and_the_one_before_it_goes_on(folder, damage, capsys):
    first = open_(folder, a=1)
    for epoch in (1, 2):
        first.save({"epoch": epoch, "memory": torch.arange(400.0)}, now=True)
    first._state.write_bytes(damage(first._state.read_bytes()))
    assert first.load()["epoch"] == 1
    assert capsys.readouterr().err.count("state.pt: damaged, removed; going on from the one before it") == 1
    first._previous.write_bytes(damage(first._previous.read_bytes()))
    assert first.load() is None and first.load() is None
    assert capsys.readouterr().err.count("damaged, removed") == 1


class Exploit:
    def __reduce__(self):
        return os.mkdir, ("exploited",)


def test_a_state_that_would_run_code_is_refused(folder, monkeypatch):
    monkeypatch.chdir(folder)
    first = open_(folder, a=1)
    first.save({"epoch": 1, "memory": Exploit()})
    with pytest.raises(BallastError, match=r"state.pt: not a checkpoint of Ballast; delete it"):
        first.load()
    assert not (folder / "exploited").exists()


def test_a_full_disk_keeps_the_last_state_and_is_one_line(folder, full_disk):
    first = open_(folder, a=1)
    first.save({"epoch": 1, "memory": torch.zeros(10)})
    with full_disk(5000), pytest.raises(BallastError, match=r"state.pt: not written \(.*\); what was there before is "
                                                           r"unharmed: make room"):
        first.save({"epoch": 2, "memory": torch.zeros(10_000)}, now=True)
    assert first.load()["epoch"] == 1
    assert {path.name for path in first.folder.iterdir()} == {"lock", "previous.pt"}
