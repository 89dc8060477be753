"""A process that has the libraries loaded and forks stages: a trial of `make campaign` takes seconds, not tens of them.

It answers lines of JSON: {"start": [module, word, ...], ...} with the number of a process in a session of its own, and
{"wait": number} with its exit code, or null while it runs. What a stage reads from the environment when it loads
libraries is set before they are loaded, as stages/__init__.py does; everything of the project is loaded anew.
"""

import json
import os
import resource
import runpy
import signal
import sys
from importlib import import_module

LIBRARIES = ("torch", "torch._dynamo", "pandas", "scipy.stats", "sklearn.cluster", "sklearn.linear_model",
             "sklearn.neighbors", "sklearn.pipeline", "sklearn.svm", "PIL.Image", "matplotlib.figure", "faiss",
             "safetensors.torch", "pydantic", "torchvision", "pyarrow.parquet", "dvc.api", "onnxscript", "onnxruntime",
             "torch.onnx", "graphlib",
             "multiprocessing.popen_fork", "concurrent.futures.process", "importlib.readers",
             "importlib.resources.readers", "encodings.unicode_escape", "encodings.raw_unicode_escape",
             "encodings.idna")

CHOSEN: dict[str, str] = {}  # variables of the libraries, some of which read theirs when they are first used


def main() -> None:
    """Load, then answer until the input ends."""
    load()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def load() -> None:
    """Load the libraries, and forget all of the project."""
    from ballast.runtime.portable import limit_threads, make_portable

    before = dict(os.environ)
    limit_threads(1)
    make_portable()
    CHOSEN.update({name: value for name, value in os.environ.items() if before.get(name) != value})
    for name in LIBRARIES:
        import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("ballast", "stages")]:
        del sys.modules[name]


def answer(asked: dict) -> int | None:
    if "wait" in asked:
        number, status = os.waitpid(asked["wait"], os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if number else None
    number = os.fork()
    if not number:
        run(**asked)
    return number


def run(start: list[str], cwd: str, log: str, environment: dict[str, str], size: int | None, user: int | None) -> None:
    """Be a stage, in a session of its own; ``size`` is the largest file that it may write."""
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if size is None else piped(log)
    for number in (1, 2):
        os.dup2(output, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update({**environment, **CHOSEN})
    if size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.default_int_handler if name == signal.SIGINT else signal.SIG_DFL)
    sys.path[:] = [cwd, f"{cwd}/src", *(path for path in sys.path if "site-packages" in path or "lib/python" in path)]
    sys.argv = start
    code = 0
    try:
        runpy.run_module(start[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int | None) else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except KeyboardInterrupt:  # before the stage answers to it: end as Python does
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def piped(log: str) -> int:
    """Return a pipe to a file: what a stage says has room where its own files have none."""
    reading, writing = os.pipe()
    if not os.fork():
        os.close(writing)
        with open(log, "wb") as file:
            while said := os.read(reading, 1 << 16):
                file.write(said)
                file.flush()
        os._exit(0)
    os.close(reading)
    return writing


if __name__ == "__main__":
    main()
