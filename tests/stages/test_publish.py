"""Results in MLflow, on a real server: complete, and once; without a server, a line and nothing else."""

import base64
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from mlflow.tracking import MlflowClient
from PIL import Image

from ballast.encoders.model import load_encoder
from ballast.export.served import Served
from scripts.times import NOTES, read_notes

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Address and process of an MLflow server of our own."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    words = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/m.db",
             "--artifacts-destination", str(folder / "files")]
    with open(folder / "log", "w") as log:
        run = subprocess.Popen([sys.executable, "-m", "mlflow", "server", *words], stdout=log, stderr=log, cwd=folder,
                               start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    wait_for(f"{address}/health", run, folder / "log")
    yield address, run
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(address, process, log):
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)


def publish(project, address, *revisions, check=True):
    return project.run("python", "-m", "scripts.publish", *revisions, check=check, MLFLOW_TRACKING_URI=address).stdout


def test_a_run_for_the_pipeline_and_one_for_every_stage(finished, server):
    address, _ = server
    stages = yaml.safe_load((finished.folder / "dvc.lock").read_text())["stages"]
    assert f": {len(stages)} stages" in publish(finished, address)
    assert "are published already" in publish(finished, address)
    client = MlflowClient(address)
    number = client.get_experiment_by_name("ballast").experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([number], max_results=1000)}
    assert len(runs) == len(stages) + 1 and all(run.info.status == "FINISHED" for run in runs.values())
    parent = next(run for run in runs.values() if run.data.tags["kind"] == "pipeline")
    assert all(runs[name].data.tags["mlflow.parentRunId"] == parent.info.run_id for name in stages)
    assert parent.info.run_name.endswith(parent.data.tags["dvc.lock"][:7])
    table = pd.read_csv(finished.folder / "results/table.csv").set_index("method")
    compared = {f"{row}/{name}{kind}": table.loc[row, f"{name}{kind}"] for row in table.index
                for name in ("All", "Few", "Std") for kind in ("", " se")}
    assert parent.data.metrics == pytest.approx(compared, abs=0.011), "rows and runs can be compared"
    assert parent.data.params["selections.mak.alpha"] == "0.3" and "profile.pretrain.epochs" in parent.data.params
    assert parent.data.tags["mlflow.note.content"] == (finished.folder / "results/table.md").read_text()
    notes = read_notes(finished.folder / NOTES)
    notes = notes[notes["experiment"] == ""].set_index("stage").loc[list(stages)]
    for name in stages:
        begin, end = runs[name].info.start_time / 1000, runs[name].info.end_time / 1000
        assert end - begin == pytest.approx(notes.loc[name, "seconds"], abs=0.01) and end == notes.loc[name, "ended"]
    assert parent.info.end_time == 1000 * notes["ended"].max() and parent.info.start_time < parent.info.end_time
    metrics = runs["evaluate@colt"].data.metrics
    assert metrics["All"] == pytest.approx(table.loc["colt", "All"], abs=0.011)
    assert {"fewshot.Few", "knn.se.Few", "features.uniformity"} <= set(metrics)
    history = pd.read_csv(finished.folder / "runs/history/colt.csv").groupby("epoch")["contrastive"].mean()
    seen = client.get_metric_history(runs["evaluate@colt"].info.run_id, "contrastive")
    assert [(point.step, point.value) for point in seen] == list(history.items())
    assert client.get_metric_history(runs["evaluate@guided"].info.run_id, "guided")[-1].step == 2
    assert runs["pretrain@colt"].data.params["ideas.colt.domain.weight"] == "0.2", "from its recipe"
    models = {model.name: model for model in client.search_logged_models([number], max_results=1000)}
    assert len(models) == sum(name.startswith(("pretrain@", "student@")) for name in stages)
    colt = models["pretrain-colt"]
    assert colt.source_run_id == runs["pretrain@colt"].info.run_id and colt.status == "READY"
    [colt] = client.search_model_versions("name = 'ballast-colt'")
    assert colt.version == "1" and colt.tags["dvc.lock"] == parent.data.tags["dvc.lock"]
    assert "report.html" in [file.path for file in client.list_artifacts(runs["report_page"].info.run_id)]


def test_the_registered_encoder_loads_and_is_served(finished, server, tmp_path):
    address, _ = server
    images = np.load(finished.folder / "data/images/test/images.npy")[:3]
    buffers = [io.BytesIO() for _ in images]
    for buffer, pixels in zip(buffers, images):
        Image.fromarray(pixels[0]).save(buffer, "PNG")
    mlflow.set_tracking_uri(address)
    loaded = mlflow.pyfunc.load_model("models:/ballast-colt/1")
    assert not any(path.endswith("ballast.zip") for path in sys.path), "this process has a library"
    found = loaded.predict(pd.DataFrame({"image": [buffer.getvalue() for buffer in buffers]}))
    model, size, short = load_encoder(finished.folder / "runs/colt/1/encoder.safetensors")
    rgb = torch.from_numpy(images).expand(-1, 3, -1, -1)
    np.testing.assert_allclose(found, Served(model, size, short)(rgb), atol=1e-5)
    port = free_port()
    with open(tmp_path / "log", "w") as log:
        serving = subprocess.Popen([sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local", "-m",
                                    "models:/ballast-colt/1", "--port", str(port), "--workers", "1"], cwd=tmp_path,
                                   env={**os.environ, "MLFLOW_TRACKING_URI": address, "PYTHONPATH": "",
                                        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
                                   stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", serving, tmp_path / "log")
        rows = [{"image": base64.b64encode(buffer.getvalue()).decode()} for buffer in buffers]
        request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", method="POST",
                                         data=json.dumps({"dataframe_records": rows}).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            np.testing.assert_allclose(json.load(answer)["predictions"], found, atol=1e-5)
    finally:
        os.killpg(serving.pid, signal.SIGKILL)


def test_a_commit_by_its_name(finished, server):
    finished.git("tag", "-f", "shown")
    finished.git("commit", "-q", "--allow-empty", "-m", "later")
    assert "shown: these results are published already" in publish(finished, server[0], "shown")


def test_an_experiment_by_its_name(finished, server):
    finished.run("dvc", "exp", "run", "--temp", "-n", "bold", "-S", "selections.mak.alpha=0.5", "select_pool@mak")
    client = MlflowClient(server[0])
    number = client.get_experiment_by_name("ballast").experiment_id
    earlier = len(client.search_runs([number], max_results=1000))
    said = publish(finished, server[0], "bold")
    runs = client.search_runs([number], max_results=1000)
    sent, old = len(runs) - earlier - 1, int(re.search(r"(\d+) of them published before", said)[1])
    assert "bold-" in said and sent < old and f": {sent + old} stages" in said
    assert len(client.search_model_versions("name = 'ballast-colt'")) == 1, "what did not change is not sent again"
    bold = next(run for run in runs if run.info.run_name.startswith("bold-"))
    linked = {name.removeprefix("stage."): run for name, run in bold.data.tags.items() if name.startswith("stage.")}
    assert len(linked) == old and client.get_run(linked["pretrain_colt"]).info.run_name == "pretrain@colt"
    for names in (("select_pool@mak",), [run.info.run_name for run in runs if run.data.tags["kind"] == "pipeline"]):
        alphas = {run.data.params.get("selections.mak.alpha") for run in runs if run.info.run_name in names}
        assert alphas == {"0.3", "0.5"}


def test_a_name_that_nothing_has_is_one_line(finished, server):
    said = publish(finished, server[0], "no-such-name", check=False).splitlines()
    assert said[-1].startswith("publish: no-such-name: ") and "Traceback" not in "".join(said)


def test_what_was_cut_off_is_done_again_and_a_dead_server_is_one_line(finished, server):
    address, run = server
    client = MlflowClient(address)
    number = client.get_experiment_by_name("ballast").experiment_id
    runs = client.search_runs([number], max_results=1000)
    parent = next(run for run in runs if run.data.tags["kind"] == "pipeline"
                  and not run.info.run_name.startswith("bold"))
    client.update_run(parent.info.run_id, status="RUNNING")  # as if the server had gone in the middle
    models = client.search_logged_models([number], max_results=1000)
    publish(finished, address)
    assert len(client.search_runs([number], max_results=1000)) == len(runs)
    assert len(client.search_logged_models([number], max_results=1000)) == len(models)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    for place in (address.replace("://", "://me:secret@"), "postgresql://me:secret@127.0.0.1:9/x"):  # no driver is here
        said = publish(finished, place, check=False)
        assert said.splitlines()[-1].startswith("publish: ") and "Traceback" not in said and "secret" not in said
