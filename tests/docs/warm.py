"""Stages of `make docs-check` are forked from a process with all libraries: most of a small stage is imports.

In the project's environment `python` is a script that passes `python -m stages.NAME` on to that process, and everything
else to Python.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import ROOT
from tests.faults import warm

PYTHON = """#!{python} -SE
import json, os, socket, sys
words = sys.argv[1:]
if words[:1] != ["-m"] or not words[1].startswith("stages."):
    os.execv("{python}", ["{python}", *words])
with socket.socket(socket.AF_UNIX) as line:
    line.connect("{address}")
    line.sendall(json.dumps({{"start": words[1:], "cwd": os.getcwd(), "log": "/proc/%d/fd/1" % os.getpid(),
                             "environment": dict(os.environ), "size": None, "user": None}}).encode() + b"\\n")
    sys.exit(int(line.makefile().readline() or 1))
"""


@contextmanager
def warm_stages(environment: Path, address: Path) -> Iterator[None]:
    """Make a folder with this environment's programs, of which ``python`` is the script, while the process runs."""
    (environment / "bin").mkdir(parents=True)
    for program in (Path(sys.prefix) / "bin").iterdir():
        if program.name != "python":
            (environment / "bin" / program.name).symlink_to(program)
    shim = environment / "bin/python"
    shim.write_text(PYTHON.format(python=sys.executable, address=address))
    shim.chmod(0o755)
    process = subprocess.Popen([sys.executable, "-m", "tests.docs.warm", str(address)], cwd=ROOT,
                               env={**os.environ, "PYTHONPATH": f"{ROOT}/src"}, start_new_session=True)
    try:
        while not address.exists():
            assert process.poll() is None
            time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)


def serve(address: str) -> None:
    """Fork a stage for every call, and answer with its exit code."""
    warm.load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that answer
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{address}.new")
        server.listen()
        os.rename(f"{address}.new", address)
        while True:
            line, _ = server.accept()
            if not os.fork():
                server.close()
                answer(line)
            line.close()


def answer(line: socket.socket) -> None:
    """Run one stage, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked = json.loads(line.makefile().readline())
    number = os.fork()
    if not number:
        line.close()
        warm.run(**asked)
    _, status = os.waitpid(number, 0)
    line.sendall(f"{os.waitstatus_to_exitcode(status) % 256}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
