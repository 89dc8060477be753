"""Trainings are seen while they run, by any logger; one that is dead, slow or gone changes nothing."""

import shutil
import socket
import subprocess
import sys
import time

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ballast.training.live import read

pytestmark = pytest.mark.long

ROW = "simclr longtail none none"
EPOCHS = 4  # of smoke


@pytest.fixture
def again(finished):
    """A function that trains simclr anew; what it wrote, and what is kept of finished trainings, is as before."""
    store = finished.folder / ".dvc/tmp/finished"
    aside = store.rename(store.with_name("set-aside"))

    def train(check=True, **environment):
        shutil.rmtree(store, ignore_errors=True)
        shutil.rmtree(finished.folder / "runs/simclr")
        shutil.rmtree(finished.folder / "runs/live", ignore_errors=True)
        begin = time.monotonic()
        said = finished.stage(f"pretrain {ROW}", check, DVC_STAGE="pretrain@simclr", **environment).stdout
        return said, finished.read("runs/simclr/*/*"), time.monotonic() - begin

    yield train
    finished.run("dvc", "checkout", "-q", "--force", "runs/simclr")
    shutil.rmtree(store, ignore_errors=True)
    aside.rename(store)


def test_every_epoch_is_seen_and_the_progress_line_has_its_loss(finished, again):
    said, _, _ = again()
    for repeat in (1, 2):
        lines = read(finished.folder / f"runs/live/simclr-{repeat}.csv")
        history = pd.read_csv(finished.folder / f"runs/simclr/{repeat}/history.csv")
        assert [float(line["loss"]) for line in lines] == pytest.approx(history["loss"].tolist(), abs=1e-6)
        assert float(lines[0]["rank"]) > 1 and lines[-1]["of"] == str(EPOCHS)
    assert ", loss " in said
    shown = finished.run("python", "-m", "scripts.watch", "once").stdout
    assert "no training runs here" in shown, "both have ended"
    path = finished.folder / "runs/live/simclr-1.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    shown = finished.run("python", "-m", "scripts.watch", "once").stdout
    assert "| simclr-1" in shown and f"{EPOCHS - 1}/{EPOCHS}" in shown and "simclr-2" not in shown


@pytest.mark.parametrize("logger", ["mlflow", "tensorboard", "dvclive"])
def test_a_logger_has_every_loss_and_the_bytes_are_the_same(finished, again, logger, tmp_path):
    _, plain, _ = again()
    store = f"sqlite:///{tmp_path}/m.db"
    _, seen, _ = again(BALLAST_LIVE=logger, MLFLOW_TRACKING_URI=store)
    assert seen == plain
    expected = [float(line["loss"]) for line in read(finished.folder / "runs/live/simclr-1.csv")]
    if logger == "mlflow":
        client = MlflowClient(store)
        runs = client.search_runs([client.get_experiment_by_name("ballast-live").experiment_id])
        run = next(run for run in runs if run.info.run_name == "simclr-1")
        found = [metric.value for metric in client.get_metric_history(run.info.run_id, "loss")]
        assert run.info.status == "FINISHED" and run.data.tags["row"] == "simclr"
    elif logger == "tensorboard":
        events = EventAccumulator(str(finished.folder / "tensorboard/simclr-1")).Reload()
        found = [event.value for event in events.Scalars("loss")]
    else:
        table = pd.read_csv(finished.folder / "dvclive/simclr-1/plots/metrics/loss.tsv", sep="\t")
        found = table["loss"].tolist()
    assert found == pytest.approx(expected)


def test_a_server_that_is_dead_or_never_answers_changes_no_byte(finished, again):
    _, plain, _ = again()
    said, dead, _ = again(BALLAST_LIVE="mlflow", MLFLOW_TRACKING_URI="http://me:secret@127.0.0.1:9")
    assert dead == plain and "live: mlflow: " in said and "the training goes on" in said
    assert "secret" not in said and "Traceback" not in said
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # it takes calls and never answers
        said, slow, _ = again(BALLAST_LIVE="mlflow", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert slow == plain and "Traceback" not in said


def test_a_server_that_is_killed_in_the_middle_changes_no_byte(finished, again, tmp_path):
    _, plain, _ = again()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1",
                               "--backend-store-uri", f"sqlite:///{tmp_path}/m.db"], cwd=tmp_path,
                              start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    killer = subprocess.Popen([sys.executable, "-c", KILLER, str(finished.folder / "runs/live"), str(server.pid)])
    try:
        said, seen, _ = again(BALLAST_LIVE="mlflow", MLFLOW_TRACKING_URI=address)
    finally:
        killer.wait(60)
    assert seen == plain and "Traceback" not in said


KILLER = """
import os, pathlib, signal, sys, time
folder, pid = pathlib.Path(sys.argv[1]), int(sys.argv[2])
deadline = time.monotonic() + 50
while time.monotonic() < deadline and not any(len(file.read_text().splitlines()) > 2 for file in folder.glob("*.csv")):
    time.sleep(0.05)
os.killpg(pid, signal.SIGKILL)
"""


def test_an_unknown_logger_is_one_line(again):
    said, _, _ = again(check=False, BALLAST_LIVE="wandb")
    assert said.splitlines()[-1].endswith("BALLAST_LIVE: expected mlflow, dvclive, tensorboard or nothing, got 'wandb'")
