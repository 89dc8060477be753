"""What stages hand on: a table that a training has not is said, one that is missing is a mistake; so is a head."""

import os
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

LATE = """
import os, time
from stages.common.supervise import stop_with_parent

if os.fork() == 0:
    time.sleep(0.5)  # its parent ends meanwhile
    stop_with_parent(15)
    print("goes on", flush=True)
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


@pytest.mark.skipif(sys.platform != "linux", reason="the signal of a parent's death is Linux's")
@pytest.mark.parametrize("run", [{}, {"TORCHELASTIC_RUN_ID": "none"}])
def test_a_rank_whose_torchrun_is_gone_before_it_could_ask_for_a_signal_ends(run):
    done = subprocess.run([sys.executable, "-c", LATE], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "DVC_STAGE": "embed", "RANK": "0", **run})
    expected = "rank 0: torchrun has ended; run the same command again\n" if run else "goes on\n"
    assert done.stdout == expected
