"""The stages of dvc.yaml, run as ``python -m stages.NAME``.

The library is the one of this tree, not an installed one: ``dvc exp run --temp`` runs in a copy with code of its own.
What libraries read from the environment when they are loaded is set here, before any of them is.
"""

import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from ballast.config.yaml import read_yaml
from ballast.runtime.errors import BallastError
from ballast.runtime.portable import limit_threads, make_portable

with suppress(BallastError, OSError, TypeError):  # the stage `check` says what is wrong with the file
    params = read_yaml("params.yaml")
    limit_threads(params.get("threads", 1))
    if params.get("portable"):
        make_portable()
