"""Print seconds and images per second of the last run of every stage on this machine.

    python -m scripts.times

Stages append their time to .dvc/tmp/times.csv, which DVC does not compare. A training that was killed and went on shows
the seconds of its last part and no rate. Stages that `dvc exp run` ran appear under the name of their experiment.
"""

import sys
from pathlib import Path

import pandas as pd

NOTES = Path(".dvc/tmp/times.csv")


def read_notes(path: Path = NOTES) -> pd.DataFrame:
    """Return the last time of every stage and experiment.

    Columns experiment, stage, seconds, images, ended (seconds since 1970) and images/s.
    """
    notes = pd.read_csv(path, names=["experiment", "stage", "seconds", "images", "ended"], dtype={"experiment": str})
    return table(notes.fillna({"experiment": ""}))


def table(notes: pd.DataFrame) -> pd.DataFrame:
    """Keep the last line of every stage and experiment, and add images per second."""
    last = notes.drop_duplicates(["experiment", "stage"], keep="last")
    return last.assign(**{"images/s": (last["images"] / last["seconds"]).round()}).sort_values(
        "experiment", kind="stable")


if __name__ == "__main__":
    if not NOTES.exists():
        sys.exit("times: no stage has run here yet; `dvc repro` runs the stages that are stale")
    shown = read_notes().drop(columns="ended")
    whole = {name: shown[name].map("{:.0f}".format).replace("nan", "") for name in ("images", "images/s")}
    print(shown.assign(**whole).to_markdown(index=False, disable_numparse=True))
