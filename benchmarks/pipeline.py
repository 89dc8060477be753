"""Seconds of the whole default in a fresh clone, without the installation, and of a second run with nothing to do.

    python -m benchmarks.pipeline [quick]
"""

import os
import subprocess
import sys
import tempfile
import time

import yaml

from benchmarks.timing import show


def main(quick: bool) -> None:
    """Print seconds of a cold and of an idle run; ``quick`` stops after the stage preflight."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["git", "clone", "-q", ".", place], check=True)
        with open(f"{place}/dvc.yaml", encoding="utf-8") as file:
            stages = yaml.safe_load(file)["stages"]
        target = ["preflight"] if quick else []
        environment = {**os.environ, "DVC_SITE_CACHE_DIR": f"{place}/.site"}
        times = []
        for _ in range(2):
            start = time.perf_counter()
            subprocess.run(["dvc", "repro", *target], cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
    row = {"groups of stages": len(stages), "cold, s": round(times[0]), "nothing to do, s": round(times[1], 1)}
    show("Pipeline", [row])


if __name__ == "__main__":
    main("quick" in sys.argv)
