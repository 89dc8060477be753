"""Seconds and images per second of every stage that ran here, the last time that it did.

    python scripts/times.py

Stages note their time in .dvc/tmp/times.csv, outside of what DVC compares. A training that was killed and went on shows
the seconds of its last part and no rate. What `dvc exp run` ran comes under the name of its experiment.
"""

import sys
from pathlib import Path

import pandas as pd

NOTES = Path(".dvc/tmp/times.csv")


def table(notes: pd.DataFrame) -> pd.DataFrame:
    """The last line of every stage; columns experiment, stage, seconds, images, images/s."""
    last = notes.drop_duplicates(["experiment", "stage"], keep="last")
    return last.assign(**{"images/s": (last["images"] / last["seconds"]).round()}).sort_values(
        "experiment", kind="stable")


if __name__ == "__main__":
    if not NOTES.exists():
        sys.exit("times: no stage has run here yet; `dvc repro` runs what is stale")
    noted = pd.read_csv(NOTES, names=["experiment", "stage", "seconds", "images"], dtype={"experiment": str})
    shown = table(noted.fillna({"experiment": ""}))
    whole = {name: shown[name].map("{:.0f}".format).replace("nan", "") for name in ("images", "images/s")}
    print(shown.assign(**whole).to_markdown(index=False, disable_numparse=True))
