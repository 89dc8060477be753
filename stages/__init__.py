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
from ballast.runtime.portable import make_portable, wait_passively

wait_passively()
with suppress(BallastError, OSError, AttributeError):  # the stage `check` says what is wrong with the file
    if read_yaml("params.yaml").get("portable"):
        make_portable()
