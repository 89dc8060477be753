"""Rows side by side: `make repro` lets a stage do the work of later rows too, while DVC runs one stage after another.

With BALLAST_AHEAD=1 in the environment a stage fills idle cores with rows that have nothing yet: no output in the
workspace, and none in DVC's cache that DVC would bring back. When DVC comes to such a row, its work is done. The
results are those of a row by itself, and `dvc repro pretrain@colt` trains no other row.
"""

import os
from pathlib import Path

from ballast.config.yaml import read_yaml

CACHE = Path(".dvc/cache/files/md5")


def works_ahead() -> bool:
    """Return whether a stage should do the work of other rows; several ranks stay at one training."""
    return os.environ.get("BALLAST_AHEAD") == "1" and "RANK" not in os.environ


def has_nothing(stage: str, output: str) -> bool:
    """Return whether neither the workspace nor the cache has an output of a stage."""
    if Path(output).exists():
        return False
    entry = read_yaml("dvc.lock")["stages"].get(stage, {}) if Path("dvc.lock").exists() else {}
    digests = [out["md5"] for out in entry.get("outs", []) if out["path"] == output]
    cache = Path(os.environ.get("DVC_ROOT", "."), CACHE)
    return not any((cache / digest[:2] / digest[2:]).exists() for digest in digests)
