"""What can be seen of trainings while they run: runs/live, which DVC does not track, and a logger that follows it.

BALLAST_LIVE=mlflow, dvclive or tensorboard starts a process of its own that reads these files and logs them
(stages.common.follow). A training never talks to a server: one that is dead, slow or gone costs it nothing.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ballast.runtime.errors import BallastError
from ballast.runtime.ranks import rank
from stages.common.repeats import Repeat

if TYPE_CHECKING:
    from ballast.config.profile import Augment
    from ballast.encoders.model import Model
    from ballast.images.store import Store
    from ballast.training.live import Live

FOLDER = Path("runs/live")
LOGGER = "BALLAST_LIVE"
LOGGERS = ("mlflow", "dvclive", "tensorboard")


def live(row: str, repeat: Repeat, epochs: int, model: "Model", images: "Store", augment: "Augment") -> "Live | None":
    """Return what is told of every epoch of a training; the first rank tells for all."""
    from ballast.training.live import Live  # torch, which a stage that finds all done does not import

    if rank() > 0:
        return None
    return Live(file_of(row, repeat), f"{row}, repeat {repeat.number}", epochs, model, images, augment, repeat.seed)


def file_of(row: str, repeat: Repeat) -> Path:
    """Return the file of a training."""
    return FOLDER / f"{row}-{repeat.number}.csv"


@contextmanager
def followed(files: list[Path]) -> Iterator[None]:
    """Have trainings followed by a logger, where the environment names one; nobody waits for it."""
    kind = os.environ.get(LOGGER, "")
    if kind and kind not in LOGGERS:
        raise BallastError(f"{LOGGER}: expected {', '.join(LOGGERS)} or nothing, got {kind!r}")
    if not kind or rank() > 0:
        yield
        return
    logger = subprocess.Popen([sys.executable, "-m", "stages.common.follow", kind, *map(str, files)],
                              stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        logger.stdin.close()  # it logs what is left, and ends
