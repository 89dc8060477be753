"""What every stage does around its own work: arguments, parameters, one clear line when something is wrong."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

# The library of this tree, not the installed one: `dvc exp run --temp` runs in a copy with code of its own.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from ballast.errors import BallastError


def run(work: Callable, arguments: str = "") -> None:
    """Call the stage with the command line's words, named in ``arguments``; on a mistake exit with one line."""
    name, given = Path(sys.argv[0]).stem, sys.argv[1:]
    if len(given) != len(arguments.split()):
        sys.exit(f"{name}: usage: python stages/{name}.py {arguments}".rstrip() + " (dvc.yaml has the values)")
    _stop_with_parent()
    try:
        work(*given)
    except FileNotFoundError as error:
        sys.exit(f"{name}: {error.filename}: missing; `dvc repro` makes it")
    except BallastError as error:
        sys.exit(f"{name}: {error}")


def parameters(method: str | None = None) -> SimpleNamespace:
    """The parameters that dvc.yaml declares for the running stage, and no others.

    Fields: the top-level values, ``dataset`` and ``profile`` (the chosen blocks), ``method`` (the given row).
    """
    import dvc.api  # slow to import, and the check of params.yaml goes without
    from dvc.exceptions import DvcException

    name = os.environ.get("DVC_STAGE") or "@".join(filter(None, [Path(sys.argv[0]).stem, method]))
    try:
        shown = dvc.api.params_show(stages=[name])
    except DvcException as error:
        raise BallastError(str(error)) from error
    fields = {key: value for key, value in shown.items() if key not in ("datasets", "profiles", "methods")}
    for kind in ("dataset", "profile"):
        if kind in shown:
            fields[kind] = shown.get(f"{kind}s", {}).get(shown[kind])
    if method:
        fields["method"] = shown.get("methods", {}).get(method, {})
    return SimpleNamespace(**fields)


def _stop_with_parent() -> None:
    """Under DVC on Linux, stop when dvc is killed: an orphan would go on and write beside the next run."""
    if "DVC_STAGE" in os.environ and sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
