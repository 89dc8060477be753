"""Exact resume: the state of an unfinished training, kept outside of what DVC deletes before a rerun.

The folder ``.scratch/<stage>@<row>/<fingerprint>`` belongs to one set of parameters, inputs and code. A lock, which the
kernel drops with the process, keeps a second trainer out; a finished training removes the folder.
"""

import fcntl
import hashlib
import io
import itertools
import json
import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch

from ballast.runtime.code import edited, loaded_code
from ballast.runtime.errors import BallastError
from ballast.runtime.files import scratch, write_atomic
from ballast.runtime.ranks import rank

SHARE_OF_TIME = 0.02  # saving may cost at most this much of the training's time
PATIENCE = 10.0  # seconds for a training that was told to stop, to save and be gone
DIGEST = hashlib.sha256().digest_size  # bytes before the state that tell whether it is whole


class Checkpoint:
    """Holds the state of one training on disk."""

    def __init__(self, params: dict, inputs: list[str], training: str) -> None:
        """Open the checkpoint of a training, named like pretrain@colt.

        It belongs to the parameters, the input files or folders, and the loaded code.
        """
        self._source = params, inputs
        self._code = loaded_code()
        fingerprint = self._fingerprint()
        self.folder = scratch(training, fingerprint[:16])
        self._state = self.folder / "state.pt"
        self._previous = self.folder / "previous.pt"
        self._expected = fingerprint
        self._saved_at = time.monotonic()
        self._cost = 0.0  # seconds that the last save took
        if rank() == 0:
            self._keep_others_out()

    def _keep_others_out(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._locked():
            if time.monotonic() >= deadline:
                raise BallastError(f"{self.folder}: another process is training this; wait for it or stop it")
            time.sleep(0.1)

    def _locked(self) -> bool:
        """Return whether the lock is ours now, and is not one that a training removed when it ended meanwhile."""
        path = self.folder / "lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = open(path, "a")  # noqa: SIM115 (held for as long as the process lives)
        with suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.path.samestat(os.fstat(self._lock.fileno()), path.stat())
        return False

    def load(self) -> dict | None:
        """Return the last saved state that is whole, or None at the start."""
        for path in (self._state, self._previous):
            if not path.exists():
                continue
            content = path.read_bytes()
            if hashlib.sha256(content[DIGEST:]).digest() == content[:DIGEST]:
                return self._unpacked(path, content)
            if rank() == 0:
                print(f"{path}: damaged, removed; going on from the one before it, or from the start", file=sys.stderr)
                path.unlink()
        return None

    @staticmethod
    def _unpacked(path: Path, content: bytes) -> dict:
        try:
            return torch.load(io.BytesIO(content[DIGEST:]), weights_only=True, map_location="cpu")
        except Exception as error:  # a pickle that would run code is refused by one of many kinds of error
            raise BallastError(f"{path}: not a checkpoint of Ballast; delete it") from error

    def save(self, state: dict, now: bool = False) -> bool:
        """Save the state, unless the last save is so recent that saving would take too large a share of the time.

        With several ranks the first one saves for all, and all load. The state before is kept beside the new one.
        """
        start = time.monotonic()
        if rank() > 0 or (not now and start - self._saved_at < self._cost / SHARE_OF_TIME):
            return False
        buffer = io.BytesIO(bytes(DIGEST))
        buffer.seek(DIGEST)
        torch.save(state, buffer)
        content = buffer.getbuffer()
        content[:DIGEST] = hashlib.sha256(content[DIGEST:]).digest()
        if self._state.exists():
            os.replace(self._state, self._previous)
        write_atomic(self._state, content)
        self._saved_at = time.monotonic()
        self._cost = self._saved_at - start
        return True

    def check_unchanged(self) -> None:
        """Refuse to finish when code or inputs changed meanwhile: DVC would record the new beside the old result."""
        if edited(self._code) or self._fingerprint() != self._expected:
            raise BallastError("code or inputs changed while this stage ran; undo the change or run it again")

    def remove(self) -> None:
        """Forget the state once the results are written."""
        if rank() > 0:
            return
        shutil.rmtree(self.folder)
        self._lock.close()
        with suppress(OSError):  # not empty: the same stage trains with other parameters
            self.folder.parent.rmdir()

    def _fingerprint(self) -> str:
        params, inputs = self._source
        facts = [params, torch.__version__, self._code]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=vars).encode())
        for path in itertools.chain(*map(_files, inputs)):
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()


def _files(path: str) -> list[Path]:
    """Return a file, or all files of a folder."""
    return sorted(Path(path).iterdir()) if os.path.isdir(path) else [Path(path)]
