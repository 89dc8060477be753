"""What stages hand on: a table that a training has not is said, one that is missing is a mistake; so is a head."""

import signal
import subprocess
import sys

import pandas as pd
import pytest

from ballast.runtime.errors import BallastError
from stages.common.files import NO_TABLE, tables_of, weights_of, write_tables

SWALLOWED = """
import time
from stages.common.supervise import stop_when_asked

class Closing:
    def __del__(self):
        print("closing", flush=True)
        time.sleep(5)

stop_when_asked()
try:
    closing = Closing()
    del closing  # the signal comes while Python runs this
    time.sleep(60)
except KeyboardInterrupt:
    print("stopped")
"""


def test_tables_that_a_training_has_not_are_left_out_and_damaged_ones_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for row, table in (("colt", pd.DataFrame({"epoch": [1]})), ("guided", NO_TABLE),
                       ("nothing", pd.DataFrame(columns=["epoch"]))):
        (tmp_path / "runs/trace").mkdir(parents=True, exist_ok=True)
        table.to_csv(f"runs/trace/{row}.csv", index=False)
    assert [row for row, _ in tables_of("trace", ["colt", "guided", "nothing"])] == ["colt", "nothing"]
    for damage in (b"", b"\xff\xa3"):
        (tmp_path / "runs/trace/colt.csv").write_bytes(damage)
        with pytest.raises(BallastError, match=r"^runs/trace/colt\.csv: expected a readable table"):
            list(tables_of("trace", ["colt"]))


def test_an_encoder_that_was_trained_has_a_head_and_one_from_elsewhere_may_have_none(tmp_path):
    encoder, head = f"{tmp_path}/encoder.safetensors", f"{tmp_path}/head.safetensors"
    assert weights_of(str(tmp_path)) == [encoder]
    write_tables(tmp_path, history=NO_TABLE)
    assert weights_of(str(tmp_path)) == [encoder]
    write_tables(tmp_path, history=pd.DataFrame({"epoch": [1], "loss": [2.0]}))
    with pytest.raises(FileNotFoundError) as error:
        weights_of(str(tmp_path))
    assert error.value.filename == head
    (tmp_path / "head.safetensors").touch()
    assert weights_of(str(tmp_path)) == [encoder, head]


def test_a_stop_that_falls_into_a_destructor_is_not_lost():
    run = subprocess.Popen([sys.executable, "-c", SWALLOWED], text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    assert run.stdout.readline() == "closing\n"
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=20)[0] == "stopped\n"
