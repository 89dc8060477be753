"""State on disk: one trainer, its own parameters and inputs, nothing left behind."""

import pytest
import torch

from ballast.errors import BallastError
from ballast.training import scratch as module
from ballast.training.scratch import Scratch


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("DVC_STAGE", "pretrain@x")
    (tmp_path / "input").write_text("data")
    return tmp_path


def open_(folder, **params):
    return Scratch(params, [str(folder / "input")])


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


def test_a_second_trainer_is_refused(folder):
    first = open_(folder, a=1)
    with pytest.raises(BallastError, match="another process is training this"):
        open_(folder, a=1)
    first.remove()
    open_(folder, a=1)


def test_a_change_while_training_is_noticed(folder):
    first = open_(folder, a=1)
    first.check_code()
    (folder / "input").write_text("changed")
    with pytest.raises(BallastError, match="changed while this stage ran"):
        first.check_code()


def test_saving_keeps_to_its_share_of_the_time(folder, monkeypatch):
    first = open_(folder, a=1)
    first.save({"epoch": 1})
    first._cost = 1000.0
    first.save({"epoch": 2})
    assert first.load()["epoch"] == 1
    monkeypatch.setattr(module.time, "monotonic", lambda: first._saved_at + 1000.0 / module.SHARE_OF_TIME + 1)
    first.save({"epoch": 3})
    assert first.load()["epoch"] == 3


def test_an_unreadable_state_is_one_clear_line(folder):
    first = open_(folder, a=1)
    first._state.write_bytes(b"broken")
    with pytest.raises(BallastError, match=r"state.pt: unreadable state; delete it"):
        first.load()
