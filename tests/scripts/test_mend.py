"""A dvc.lock that was cut off anywhere becomes readable again and keeps all complete stages."""

import json
import os
import re
import subprocess

import yaml
from dvc.dvcfile import Lockfile

from scripts.mend import is_complete, main, unlock
from tests import ROOT

LOCK = (ROOT / "dvc.lock").read_text()
SHORT = LOCK[: [match.start() for match in re.finditer(r"^  \S", LOCK, re.MULTILINE)][3]]  # three stages


def stages_of(text):
    """Stages of a dvc.lock that DVC accepts."""
    lock = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    Lockfile.SCHEMA(lock)
    return lock["stages"]


def test_a_complete_lock_is_left_alone(tmp_path, capsys):
    (tmp_path / "dvc.lock").write_text(LOCK)
    main(tmp_path / "dvc.lock")
    main(tmp_path / "none")
    assert (tmp_path / "dvc.lock").read_text() == LOCK and not capsys.readouterr().out


def test_cut_off_at_any_place_it_is_valid_again_and_keeps_complete_stages(tmp_path):
    path = tmp_path / "dvc.lock"
    stages = stages_of(SHORT)
    names = list(stages)
    ends = [SHORT.index(f"\n  {name}:") for name in names[1:]]
    for length in range(0, len(SHORT), 5):
        path.write_text(SHORT[:length])
        main(path)
        begun = [names[0], *(name for name, end in zip(names[1:], ends) if length > end + 3)]
        kept = stages_of(path.read_text()) if path.exists() else {}
        assert all(kept[name] == stages[name] for name in kept if name != list(kept)[-1])
        assert set(begun[:-1]) <= set(kept), (length, begun, list(kept))


def test_what_is_left_says_so(tmp_path, capsys):
    (tmp_path / "dvc.lock").write_text(LOCK[: len(LOCK) // 2])
    main(tmp_path / "dvc.lock")
    assert "cut off" in capsys.readouterr().out and not is_complete(LOCK[: len(LOCK) // 2])
    assert is_complete((tmp_path / "dvc.lock").read_text())


def test_a_list_of_locks_that_was_cut_off_is_removed(tmp_path, capsys):
    path = tmp_path / "rwlock"
    unlock(path)
    path.write_text('{"/a/b": {"write": null}}')
    unlock(path)
    assert path.exists() and not capsys.readouterr().out
    for content in ("", '{"/a'):
        path.write_text(content)
        unlock(path)
        assert not path.exists() and capsys.readouterr().out == f"{path}: cut off; removed.\n"


def test_locks_of_commands_that_have_ended_are_removed_and_those_of_others_stay(tmp_path, capsys):
    path = tmp_path / "rwlock"
    ended, waiting = subprocess.Popen(["true"]), subprocess.Popen(["true"])
    ended.wait()
    os.waitid(os.P_PID, waiting.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked how
    dead, zombie, alive = ({"pid": number, "cmd": "dvc exp run"} for number in (ended.pid, waiting.pid, os.getpid()))
    for other in (alive, dead, zombie):
        path.write_text(json.dumps({"refs/exps": {"write": dead, "read": [other]}}))
        unlock(path)
        assert path.exists() == (other is alive)
    waiting.wait()
    assert capsys.readouterr().out == 2 * f"{path}: of commands that have ended; removed.\n"
