"""A project of which a test knows what its stages made, and which processes still run in it."""

import time
from pathlib import Path

import psutil

from tests.project import Project

MADE = ("runs", "data", "metrics", "results", "exported")


class Watched(Project):
    """A project that is broken on purpose."""

    def outs(self, stage: str) -> list[Path]:
        """Return the outputs of a stage."""
        return [self.folder / out["path"] for out in self.lock()[stage]["outs"]]

    def bytes_of(self, stage: str) -> dict[str, bytes]:
        """Return the bytes of all outputs of a stage, by their paths."""
        files = [file for path in self.outs(stage) for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
        return {str(file): file.read_bytes() for file in files if file.is_file()}

    def left_behind(self) -> list[str]:
        """Return states and temporary files, and the commands of processes that have not ended in ten seconds."""
        states = list((self.folder / ".scratch").glob("*/*"))
        files = states + [path for name in MADE for path in (self.folder / name).rglob(".*.tmp")]
        return [*map(str, files), *(" ".join(process.cmdline()) for process in self.processes(10.0))]

    def processes(self, patience: float = 0.0) -> list[psutil.Process]:
        """Return the processes that work in this folder, after some seconds of waiting for them to end."""
        deadline = time.monotonic() + patience
        while (found := [process for process in psutil.process_iter() if self._works_here(process)]) \
                and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            here = Path(process.cwd()).is_relative_to(self.folder)  # experiments run in copies below .dvc/tmp
            return here and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


def is_stage(process: psutil.Process) -> bool:
    """Return whether a process is a stage."""
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    return bool(words) and "python" in Path(words[0]).name and any(word.startswith("stages.") for word in words)
