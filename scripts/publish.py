"""Copy finished results to MLflow: a run for the pipeline with all accuracies and parameters, a run for every stage.

    python -m scripts.publish [REV ...]     the workspace, or commits, branches and DVC experiments by their names

dvc.lock lists the results, so results from DVC's cache are copied like computed ones, and no stage waits for a server.
They go to MLFLOW_TRACKING_URI, or else to mlflow.db in this folder. Publishing the same results twice does nothing, and
a stage that another revision has in common is not sent again; an interrupted copy is made again.
"""

import fcntl
import hashlib
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

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # the default ones wait four minutes for a dead server
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

import mlflow
from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ballast.runtime.errors import BallastError, without_credentials
from scripts.logged import clean, comparison, curve, measured, parameters, stage_parameters
from scripts.registered import register
from scripts.revision import Revision
from scripts.times import NOTES, read_notes

EXPERIMENT = "ballast"
LOCAL = "sqlite:///mlflow.db"
LOCK = Path(".dvc/tmp/publish.lock")
BATCH = 100  # values that a server takes at a time
TRAININGS = ("pretrain@", "student@")  # stages whose output is a folder of trainings
COPIED = (".png", ".html", ".md", "results/repeats.csv", "results/gains.csv")  # files that are copied themselves


def main(revisions: list[str]) -> None:
    """Publish the workspace, or every revision."""
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI") or LOCAL)
    client = MlflowClient()
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several processes that create mlflow.db at once, all would fail
        experiment = client.get_experiment_by_name(EXPERIMENT)
        place = None if os.environ.get("MLFLOW_TRACKING_URI") else Path("mlruns").resolve().as_uri()
        number = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT, place)
        for name in revisions or [None]:
            publish(client, number, Revision(name))


def publish(client: MlflowClient, experiment: str, revision: Revision) -> None:
    """Publish all stages of a revision, unless that is done already."""
    earlier = runs_of(client, experiment, f"tags.`dvc.lock` = '{revision.digest}'")
    for run in earlier:
        if run.data.tags["kind"] == "pipeline" and run.info.status == "FINISHED":
            print(f"{revision.name}: these results are published already, as the run {run.info.run_name}")
            return
    remove(client, experiment, earlier, revision.digest)
    tags = {"dvc.lock": revision.digest, "commit": revision.commit, "dirty": str(revision.dirty).lower()}
    stamp = int(time.time() * 1000)
    times = stage_times(revision, stamp)
    name = f"{revision.name}-{revision.digest[:7]}"
    start, end = min(start for start, _ in times.values()), max(end for _, end in times.values())
    pipeline = client.create_run(experiment, start, {**tags, "kind": "pipeline", "mlflow.note.content": note(revision)},
                                 name).info.run_id
    log(client, pipeline, parameters(revision), comparison(revision, stamp))
    known = published(client, experiment)
    for stage, entry in revision.stages.items():
        content = digest_of(entry)
        if (stage, content) in known:
            client.set_tag(pipeline, f"stage.{clean(stage)}", known[stage, content])
            continue
        tags_of_stage = {**tags, "kind": "stage", "content": content, "mlflow.parentRunId": pipeline}
        run = client.create_run(experiment, times[stage][0], tags_of_stage, stage)
        publish_stage(client, run, entry, revision, stamp)
        client.set_terminated(run.info.run_id, end_time=times[stage][1])
    client.set_terminated(pipeline, end_time=end)
    old = sum((stage, digest_of(entry)) in known for stage, entry in revision.stages.items())
    print(f"{name}: {len(revision.stages)} stages, {old} of them published before" if old else
          f"{name}: {len(revision.stages)} stages")


def published(client: MlflowClient, experiment: str) -> dict[tuple[str, str], str]:
    """Return the runs of stages whose pipeline was published to its end, by the stage and its content."""
    ended = {run.info.run_id for run in runs_of(client, experiment, "tags.kind = 'pipeline' and status = 'FINISHED'")}
    return {(run.info.run_name, run.data.tags.get("content")): run.info.run_id
            for run in runs_of(client, experiment, "tags.kind = 'stage'")
            if run.data.tags["mlflow.parentRunId"] in ended}


def runs_of(client: MlflowClient, experiment: str, which: str) -> list[Run]:
    """Return all runs that a filter finds."""
    found, token = [], None
    while page := client.search_runs([experiment], which, max_results=1000, page_token=token):
        found, token = [*found, *page], page.token
        if not token:
            break
    return found


def digest_of(entry: dict) -> str:
    """Return the hash of a stage of dvc.lock: its command, parameters, code, inputs and outputs."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()


def remove(client: MlflowClient, experiment: str, runs: list[Run], digest: str) -> None:
    """Delete the runs, models and registered versions of an interrupted copy."""
    for run in runs:
        client.delete_run(run.info.run_id)
    for old in client.search_model_versions(f"tags.`dvc.lock` = '{digest}'"):
        client.delete_model_version(old.name, old.version)
    for model in client.search_logged_models([experiment], f"tags.`dvc.lock` = '{digest}'", max_results=1000):
        client.delete_logged_model(model.model_id)


def publish_stage(client: MlflowClient, run: Run, entry: dict, revision: Revision, stamp: int) -> None:
    """Log parameters, metrics, curves, files and the encoder of one stage."""
    metrics = []
    for path in (out["path"] for out in entry.get("outs", [])):
        if path.startswith("metrics/"):
            metrics += measured(path, revision, stamp)
        elif path.startswith("runs/history/"):  # a line per repeat and epoch
            metrics += curve(path, revision, stamp)
        elif path.endswith(COPIED):
            with copied(path, revision) as file:
                client.log_artifact(run.info.run_id, file)
        elif re.fullmatch(r"runs/[^/]+", path) and run.info.run_name.startswith(TRAININGS):  # its first repeat
            register(client, run, f"{path}/1/encoder.safetensors", revision)
    log(client, run.info.run_id, stage_parameters(entry, revision), metrics)


def log(client: MlflowClient, run: str, params: list[Param], metrics: list[Metric]) -> None:
    """Log parameters and metrics in batches that a server takes."""
    for start in range(0, max(len(params), len(metrics)), BATCH):
        client.log_batch(run, metrics=metrics[start : start + BATCH], params=params[start : start + BATCH])


def note(revision: Revision) -> str:
    """Return the table of results in Markdown as the description of the pipeline's run; empty where there is none."""
    outs = {out["path"] for entry in revision.stages.values() for out in entry.get("outs", [])}
    return revision.read("results/table.md").decode() if "results/table.md" in outs else ""


def stage_times(revision: Revision, now: int) -> dict[str, tuple[int, int]]:
    """Return when every stage began and ended, in milliseconds; now, where it did not run here."""
    if not NOTES.exists():
        return {stage: (now, now) for stage in revision.stages}
    notes = read_notes()
    notes = notes[notes["experiment"] == ("" if revision.is_workspace else revision.name)].set_index("stage")
    found = {}
    for stage in revision.stages:
        seconds, ended = notes.loc[stage, ["seconds", "ended"]] if stage in notes.index else (0.0, float("nan"))
        end = now if ended != ended else int(1000 * ended)  # earlier versions did not note the end
        found[stage] = (end - round(1000 * seconds), end)
    return found


@contextmanager
def copied(path: str, revision: Revision) -> Iterator[str]:
    """Provide a copy of a file under its own name until the context ends."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, Path(path).name)
        copy.write_bytes(revision.read(path))
        yield str(copy)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BallastError as error:
        sys.exit(f"publish: {error}")
    except (MlflowException, ImportError, OSError, ValueError, subprocess.CalledProcessError) as error:
        reason = without_credentials(str(error).splitlines()[0])
        sys.exit(f"publish: {reason}; nothing else has changed; run it again")
