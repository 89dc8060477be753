"""Log the lines of some files of runs/live as they are written.

    python -m stages.common.follow mlflow|dvclive|tensorboard FILE ...

It ends soon after its standard input does, which a stage closes at its end, a killed one too. What goes wrong here is
one line, and nothing else.
"""

import csv
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ballast.runtime.errors import without_credentials

SECONDS = 2.0  # between looks
GRACE = 60  # seconds for the rest, after the stage has ended
NICE = 15  # trainings go first
Log = Callable[[str, int, dict[str, float]], None]  # name of a training, epoch, values


def main(kind: str, files: list[Path]) -> None:
    """Follow until the stage has ended."""
    os.nice(NICE)
    seen = {stamp for path in files for stamp, _ in lines(path)}  # of earlier trainings
    log, close = LOGGERS[kind]()
    ended = False
    while not ended:
        ended = bool(select.select([sys.stdin], [], [], SECONDS)[0])
        if ended:
            signal.alarm(GRACE)  # a server that never answers does not keep this process
        for path in files:
            for stamp, values in lines(path):
                if stamp not in seen:
                    seen.add(stamp)
                    log(path.stem, int(values.pop("epoch")), values)
    close()


def lines(path: Path) -> list[tuple[tuple[str, float, float], dict[str, float]]]:
    """Return the whole lines of a file, each with what no other line of any training has."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rows = [{name: float(value) for name, value in row.items() if value}
            for row in csv.DictReader(text[: text.rfind("\n") + 1].splitlines())]
    return [((path.stem, row["epoch"], row["seconds"]), row) for row in rows]


def mlflow() -> tuple[Log, Callable[[], None]]:
    """Log to MLFLOW_TRACKING_URI, or else mlflow.db: a run for each training, with the machine's load."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    from mlflow.entities import Metric
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
    from mlflow.tracking import MlflowClient

    client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db")
    experiment = client.get_experiment_by_name("ballast-live")
    number = experiment.experiment_id if experiment else client.create_experiment("ballast-live")
    runs: dict[str, str] = {}
    monitors = []

    def log(name: str, epoch: int, values: dict[str, float]) -> None:
        if name not in runs:
            runs[name] = client.create_run(number, run_name=name, tags={"row": name.rpartition("-")[0]}).info.run_id
            with suppress(Exception):  # it needs psutil
                monitors.append(SystemMetricsMonitor(runs[name]))
                monitors[-1].start()
        stamp = int(time.time() * 1000)
        client.log_batch(runs[name], metrics=[Metric(key, value, stamp, epoch) for key, value in values.items()])

    def close() -> None:
        for monitor in monitors:
            monitor.finish()
        for run in runs.values():
            client.set_terminated(run)

    return log, close


def dvclive() -> tuple[Log, Callable[[], None]]:
    """Log below dvclive/, a folder for each training; nothing of DVC is touched."""
    from dvclive import Live

    lives: dict[str, Live] = {}

    def log(name: str, epoch: int, values: dict[str, float]) -> None:
        if name not in lives:
            lives[name] = Live(f"dvclive/{name}", save_dvc_exp=False, dvcyaml=None, monitor_system=True)
        lives[name].step = epoch
        for key, value in values.items():
            lives[name].log_metric(key, value)
        lives[name].sync()

    return log, lambda: [one.end() for one in lives.values()] and None


def tensorboard() -> tuple[Log, Callable[[], None]]:
    """Log below tensorboard/, a folder for each training."""
    from torch.utils.tensorboard import SummaryWriter

    writers: dict[str, SummaryWriter] = {}

    def log(name: str, epoch: int, values: dict[str, float]) -> None:
        writer = writers.setdefault(name, SummaryWriter(f"tensorboard/{name}"))
        for key, value in values.items():
            writer.add_scalar(key, value, epoch)
        writer.flush()

    return log, lambda: [writer.close() for writer in writers.values()] and None


LOGGERS = {"mlflow": mlflow, "dvclive": dvclive, "tensorboard": tensorboard}

if __name__ == "__main__":
    try:
        main(sys.argv[1], [Path(name) for name in sys.argv[2:]])
    except Exception as error:  # whatever it is, a training must not care
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        sys.exit(f"live: {sys.argv[1]}: {without_credentials(reason)}; the training goes on, and runs/live has every "
                 "line")
