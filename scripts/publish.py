"""Mirror finished results into MLflow: a run for the pipeline, and below it a run for every stage.

    python scripts/publish.py [REV ...]      the workspace, or commits, branches and DVC experiments by their names

dvc.lock says what there is, so that what DVC restored from its cache is mirrored like what was computed, and no stage
ever waits for a server. Where to: MLFLOW_TRACKING_URI, else mlflow.db in this folder. Publishing the same twice does
nothing; what was cut off is done again.
"""

import fcntl
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dvc.api
import pandas as pd
import yaml

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # the usual ones wait four minutes for a dead server
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

EXPERIMENT = "ballast"
LOCAL = "sqlite:///mlflow.db"
BATCH = 100  # values that a server takes at a time
KEPT = (".png", ".html", ".md")  # files that are mirrored themselves


def main(revisions: list[str]) -> None:
    client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or LOCAL)
    with open(".dvc/tmp/publish.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several that make a new mlflow.db at once, all would fail for good
        experiment = client.get_experiment_by_name(EXPERIMENT)
        place = None if os.environ.get("MLFLOW_TRACKING_URI") else Path("mlruns").resolve().as_uri()
        number = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT, place)
        for revision in revisions or [None]:
            publish(client, number, revision)


def publish(client: MlflowClient, experiment: str, revision: str | None) -> None:
    """Everything that dvc.lock of the workspace, or of a revision, holds."""
    name, commit = revision or git("rev-parse", "--short", "HEAD"), commit_of(revision or "HEAD")
    revision = revision and commit
    lock = read("dvc.lock", revision)
    digest = hashlib.sha256(lock).hexdigest()
    found = client.search_runs([experiment], f"tags.`dvc.lock` = '{digest}'", max_results=10_000)
    if any(run.data.tags["kind"] == "pipeline" and run.info.status == "FINISHED" for run in found):
        print(f"{name}: is there already")
        return
    for run in found:
        client.delete_run(run.info.run_id)
    for model in client.search_logged_models([experiment], f"tags.`dvc.lock` = '{digest}'", max_results=1000):
        client.delete_logged_model(model.model_id)
    tags = {"dvc.lock": digest, "commit": commit}
    whole = client.create_run(experiment, run_name=name, tags={**tags, "kind": "pipeline"}).info.run_id
    stages = yaml.load(lock, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"]
    for stage, entry in stages.items():
        run = client.create_run(experiment, run_name=stage, tags={**tags, "kind": "stage", "mlflow.parentRunId": whole})
        publish_stage(client, run.info.run_id, entry, revision)
        publish_encoder(client, run, entry, revision)
        client.set_terminated(run.info.run_id)
    client.set_terminated(whole)
    print(f"{name}: {len(stages)} stages")


def publish_stage(client: MlflowClient, run: str, entry: dict, revision: str | None) -> None:
    """Parameters, metrics, curves and files of one stage."""
    params = [Param(key, str(value)) for key, value in flat(entry.get("params", {}).get("params.yaml", {}))]
    metrics, stamp = [], int(time.time() * 1000)
    for path in (out["path"] for out in entry.get("outs", [])):
        if path.startswith("metrics/"):
            values, kind = json.loads(read(path, revision)), Path(path).parent.name
            metrics += [Metric(clean(key if kind == "metrics" else f"{kind}/{key}"), value, stamp, 0)
                        for key, value in flat(values)]
        elif path.startswith("runs/history/") or path.endswith("/student.csv"):  # a row per epoch
            metrics += curve(pd.read_csv(io.BytesIO(read(path, revision))), stamp)
        elif path.endswith(KEPT):
            with copied(path, revision) as file:
                client.log_artifact(run, file)
    for start in range(0, max(len(params), len(metrics)), BATCH):
        client.log_batch(run, metrics=metrics[start : start + BATCH], params=params[start : start + BATCH])


def publish_encoder(client: MlflowClient, run: Run, entry: dict, revision: str | None) -> None:
    """The encoder of a training as a logged model named like its stage; safetensors, which hold no code."""
    for path in (out["path"] for out in entry.get("outs", []) if out["path"].endswith("encoder.safetensors")):
        name = re.sub(r"\W", "-", run.info.run_name)  # @ is not for MLflow
        tags = {"dvc.lock": run.data.tags["dvc.lock"]}
        model = client.create_logged_model(run.info.experiment_id, name, run.info.run_id, tags, model_type="encoder")
        with copied(path, revision) as file:
            client.log_model_artifact(model.model_id, file)
        client.finalize_logged_model(model.model_id, "READY")


@contextmanager
def copied(path: str, revision: str | None) -> Iterator[str]:
    """A copy of a file under its own name, for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, Path(path).name)
        copy.write_bytes(read(path, revision))
        yield str(copy)


def curve(table: pd.DataFrame, stamp: int) -> list[Metric]:
    """A metric per column and epoch."""
    return [Metric(clean(name), float(value), stamp, int(epoch)) for name in table.columns.drop("epoch")
            for epoch, value in table[["epoch", name]].dropna().to_numpy()]


def flat(block: dict, above: str = "") -> Iterator[tuple[str, object]]:
    """Values of nested blocks under names joined by dots."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def clean(name: str) -> str:
    """A name as MLflow takes it."""
    return re.sub(r"[^\w\-./ ]", "_", name)


def read(path: str, revision: str | None) -> bytes:
    """A file of the workspace, or of a revision, from git or from DVC's cache."""
    return Path(path).read_bytes() if revision is None else dvc.api.read(path, rev=revision, mode="rb")


def commit_of(revision: str) -> str:
    """The commit of a DVC experiment by its name, or of whatever git knows."""
    experiments = git("for-each-ref", "--format=%(objectname)", f"refs/exps/*/*/{revision}").splitlines()
    found = experiments or git("rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}", check=False).splitlines()
    if not found:
        raise ValueError(f"{revision}: no commit, branch or experiment has this name")
    return found[0]


def git(*words: str, check: bool = True) -> str:
    return subprocess.run(["git", *words], check=check, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (MlflowException, OSError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"publish: {str(error).splitlines()[0]}; nothing else is touched, run it again")
