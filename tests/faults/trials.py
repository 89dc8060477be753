"""What `make campaign` does to a project, one function for each fault.

A trial raises UnwellError where it does not end well. ``chance`` draws everything, so that a trial can be repeated.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.place import Place, UnwellError, one_line
from tests.faults.strange import strange_parameter

Trial = Callable[[Place, random.Random], None]
STOPPED = "the same command resumes a training from its last whole epoch"
NOBODY = 65534
NONSENSE = {
    "BALLAST_DEVICE": ["nonsense", "cuda", "", "cpu:7", "\u2028"], "BALLAST_LAUNCHER": ["nosuchprogram", "'", " "],
    "RANK": ["0", "x", "-1"], "OMP_NUM_THREADS": ["x", "0", "-1"], "CUDA_VISIBLE_DEVICES": ["x", "-1", "7,8"],
    "BALLAST_LIVE": ["nonsense", "mlflow,x"], "BALLAST_AHEAD": ["x", "0"], "DVC_STAGE": ["nonsense", "../../x"],
    "PYTHONHASHSEED": ["1", "4294967295"], "LC_ALL": ["C", "nonsense"], "TZ": ["nonsense", "Pacific/Apia"],
    "HOME": ["/nonexistent"], "TMPDIR": ["/nonexistent"], "COLUMNS": ["x", "1"], "TERM": ["dumb"],
    "MLFLOW_TRACKING_URI": ["http://me:secret@127.0.0.1:9"], "DVC_ROOT": ["."]}
CLOCK = """
import time
_time, _start = time.time, time.monotonic()
time.time = lambda: _time() + {offset} + (time.monotonic() - _start) * {drift}
"""


def kill_a_stage(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    for _ in range(chance.choice([1, 1, 1, 3])):
        run = place.begin(stage)
        time.sleep(chance.uniform(0.2, 1.0) * place.seconds[stage])
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    place.recovers(stage)


def kill_dvc(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    run = place.start("dvc", "repro", "-f", "-s", stage)
    time.sleep(1.5 + chance.uniform(0, 1.2) * place.seconds[stage])
    chance.choice([os.kill, os.killpg])(run.pid, signal.SIGKILL)
    run.wait()
    place.reproduces(stage)


def stop_a_stage(place: Place, chance: random.Random) -> None:
    stage, number = place.draw(chance), chance.choice([signal.SIGTERM, signal.SIGINT])
    run = place.begin(stage)
    time.sleep(chance.uniform(0.5, 1.0) * place.seconds[stage])
    run.send_signal(number)
    code, said = place.end(run, 60)
    if code not in (0, -number, -signal.SIGTERM):  # not yet ready to answer, or ready
        one_line(said, STOPPED)
    place.recovers(stage)


def full_disk(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    code, _ = place.end(place.begin(stage, size=chance.choice([0, 100, 1000, 10_000, 100_000])))
    time.sleep(0.5)  # what it said comes through a pipe
    said = place.log.read_text()
    if code:
        one_line(said, "not written (", "File too large")
    for path, content in place.bytes_of(stage).items():
        if content != place.whole[stage].get(path):
            raise UnwellError("lost", f"half-written: {path}")
    place.recovers(stage)


def missing_input(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    if not place.inputs(stage):
        return missing_input(place, chance)
    path = chance.choice(place.inputs(stage))
    content = path.read_bytes()
    path.unlink()
    code, said = place.end(place.begin(stage))
    name = str(path.relative_to(place.folder))
    require_line_or_whole(place, stage, code, said, name, str(Path(name).parent))
    path.write_bytes(content)
    place.recovers(stage)


def garbage_input(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    paths = [path for path in place.inputs(stage) if path.suffix not in (".png", ".html", ".md")]
    if not paths:
        return garbage_input(place, chance)
    path = chance.choice(paths)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(chance.choice([b"", b"\xff\xfe\x00", chance.randbytes(len(content) or 10)]))
    code, said = place.end(place.begin(stage))
    name = str(path.relative_to(place.folder))
    require_line_or_whole(place, stage, code, said, name, str(Path(name).parent), path.parent.name)
    path.write_bytes(content)
    place.recovers(stage)


def require_line_or_whole(place: Place, stage: str, code: int, said: str, *culprits: str) -> None:
    """Require a line that names a culprit, or the usual bytes."""
    if code:
        one_line(said, *culprits)
    elif place.bytes_of(stage) != place.whole[stage]:
        raise UnwellError("silent", f"other results without a word: {culprits}")


def damaged_output(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    files = [Path(name) for name in place.whole[stage]]
    path = chance.choice(files)
    content = path.read_bytes()
    path.unlink()  # it may be a link into the cache
    kind = chance.choice(["bit", "cut off", "gone", "empty"])
    if kind == "bit" and content:
        place_of = chance.randrange(len(content))
        path.write_bytes(content[:place_of] + bytes([content[place_of] ^ 1]) + content[place_of + 1 :])
    elif kind != "gone":
        path.write_bytes(content[: len(content) // 2] if kind == "cut off" else b"")
    place.reproduces(stage)


def nonsense_in_the_environment(place: Place, chance: random.Random) -> None:
    stage, name = place.draw(chance), chance.choice(sorted(NONSENSE))
    value = chance.choice(NONSENSE[name])
    code, said = place.end(place.begin(stage, cold=True, **{name: value}))
    if "secret" in said:
        raise UnwellError("unclear", "a password was printed")
    require_line_or_whole(place, stage, code, said, name, value or name)
    place.recovers(stage)


def moved_clock(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    folder = place.folder.parent / "clock"
    folder.mkdir(exist_ok=True)
    offset, drift = chance.choice([-1e9, 1e9, -3600, 3600]), chance.choice([0, -1, -2, 100])
    (folder / "sitecustomize.py").write_text(CLOCK.format(offset=offset, drift=drift))
    for path in place.inputs(stage):
        os.utime(path, (t := time.time() + offset, t))
    run = place.begin(stage, cold=True, PYTHONPATH=f"{folder}:{place.environment['PYTHONPATH']}")
    code, said = place.end(run)
    if code:
        raise UnwellError("lost", said[-1500:])
    place.require_whole(stage)


def another_user(place: Place, chance: random.Random) -> None:
    """Someone who may not write here, or not read one file."""
    stage = place.draw(chance)
    os.chmod(place.folder.parent, 0o755)
    if chance.random() < 0.5 and place.inputs(stage):
        os.chmod(chance.choice(place.inputs(stage)), 0)
    code, said = place.end(place.begin(stage, user=NOBODY, HOME="/nonexistent"))
    if code == 0:
        raise UnwellError("silent", f"{stage} ended well although it may not write")
    one_line(said, "not written (", "Permission denied")
    if place.bytes_of(stage):
        raise UnwellError("lost", "half-written")
    place.recovers(stage)


def linked_path(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    link = place.folder.parent / f"{place.folder.name} link"
    if not link.exists():
        link.symlink_to(place.folder)
    code, said = place.end(place.begin(stage, cwd=link, PWD=str(link)))
    if code:
        raise UnwellError("lost", said[-1500:])
    place.require_whole(stage)


def changing_file(place: Place, chance: random.Random) -> None:
    """An image that changes, goes or breaks after it was listed; a stage that uses it must say so."""
    files = sorted(path for name in ("train", "pool") for path in (place.folder / "images" / name).rglob("*.png"))
    place.hit = stage = chance.choice([name for name in place.stages if name.startswith(("pretrain@", "embed"))])
    path, other = chance.sample(files, 2)
    content = path.read_bytes()
    path.unlink()
    if chance.random() < 0.75:  # another size: a training looks at the sizes of all files, not at their bytes
        path.write_bytes(chance.choice([b"", other.read_bytes() + b"\0", content[: len(content) // 2]]))
    code, said = place.end(place.begin(stage))
    require_line_or_whole(place, stage, code, said, path.name)
    path.write_bytes(content)
    place.recovers(stage)


def edited_code(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    run = place.begin(stage)
    time.sleep(chance.uniform(0.4, 0.8) * place.seconds[stage])
    path = place.folder / chance.choice(["src/ballast/losses/ntxent.py", "stages/common/supervise.py",
                                         "src/ballast/runtime/files.py"])
    with open(path, "a") as code:
        code.write("\n# edited\n")
    code, said = place.end(run)
    if code:
        one_line(said, "while this stage ran")
    place.restore(str(path.relative_to(place.folder)))
    place.recovers(stage)


def two_at_once(place: Place, chance: random.Random) -> None:
    stage = place.draw(chance)
    first, second = (place.start("dvc", "repro", "-f", "-s", stage) for _ in range(2))
    codes = first.wait(), second.wait()
    if codes != (0, 0) and 0 not in codes:
        raise UnwellError("lost", f"both ended with {codes}")
    place.reproduces(stage)


def kill_a_command(place: Place, chance: random.Random) -> None:
    """`make publish`, `make table`, experiments, a queue or a repro, killed with all that it has started."""
    stage = place.draw(chance)  # it measures the stage in a whole project, and leaves a whole one
    place.hit = name = chance.choice(sorted(COMMANDS.keys() - ([] if str(place.folder).isascii() else ELSEWHERE)))
    run = place.start(*COMMANDS[name])
    time.sleep(chance.uniform(1, 12))
    for process in place.processes():
        process.kill()
    run.wait()
    place.run("python", "-m", "scripts.mend")
    done = place.run(*COMMANDS[name], check=False)
    if done.returncode:
        raise UnwellError("lost", f"{name} ended with {done.returncode}: {done.stdout[-1500:]}")
    place.git("checkout", "-q", "HEAD", "--", ".")  # a killed `dvc exp run` may leave its parameters staged
    place.reproduces(stage)


QUICK = "++methods.simclr.pretrain.epochs=2"
COMMANDS = {
    "publish": ["python", "-m", "scripts.publish"],
    "table": ["python", "-m", "scripts.table", "simclr", "linear", QUICK],
    "repro": ["dvc", "repro", "-f", "evaluate@mak"],
    "exp run": ["dvc", "exp", "run", "-S", QUICK, "evaluate@simclr"],
    "exp run --temp": ["dvc", "exp", "run", "--temp", "-S", QUICK, "evaluate@simclr"],
    "queue": ["bash", "-c", f"dvc exp run --queue -S {QUICK} evaluate@simclr && dvc queue start && sleep 5"],
    "report": ["dvc", "repro", "-f", "-s", "report", "report_page"],
}
ELSEWHERE = {"table", "exp run --temp", "queue"}  # in folders that DVC cannot make below a path that is not ASCII


FILES = "an image that changes, breaks or goes"  # where images are decoded as they are needed
TRIALS: dict[str, tuple[int, Trial]] = {  # how often, and what
    "kill -9 of a stage": (20, kill_a_stage),
    "kill -9 of dvc, or of dvc and its stage": (3, kill_dvc),
    "kill -9 of a command: publish, table, repro, exp run, queue": (1, kill_a_command),
    "SIGTERM or SIGINT to a stage": (8, stop_a_stage),
    "full disk": (8, full_disk),
    "missing input": (8, missing_input),
    "input of random bytes, or empty": (8, garbage_input),
    "damaged, cut off or missing output": (3, damaged_output),
    "strange value of a parameter": (16, strange_parameter),
    "nonsense in the environment": (4, nonsense_in_the_environment),
    "moved clock, also while it runs": (2, moved_clock),
    "a user who may not write": (4, another_user),
    "a linked path": (4, linked_path),
    FILES: (6, changing_file),
    "code edited during a run": (4, edited_code),
    "two dvc repro at once": (1, two_at_once),
}
