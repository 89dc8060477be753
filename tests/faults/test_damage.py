"""Damaged, missing and unwritable files: one clear line, the last good state kept, recovery by the same command."""

import random
import signal
import subprocess
from contextlib import contextmanager

import pytest

from tests.faults.conftest import some, with_all
from tests.faults.test_stops import COMMANDS, start, wait_for_state


@contextmanager
def disk(folder, options: str):
    """A small disk of its own below a folder; skipped where the machine does not let us."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("this user may not mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("options, reason", some([("size=64k", "No space left on device"),
                                                  ("ro,size=1m", "Read-only file system")], 1))
def test_a_full_or_read_only_output_folder_is_one_line(victim, trial, options, reason):
    with trial(f"output folder: {reason.lower()}"):
        folder = victim.folder / "runs/colt"
        victim.run("rm", "-rf", str(folder))
        with disk(folder, options):
            run = start(victim, "pretrain@colt")
            said = run.communicate(timeout=300)[0]
            assert run.returncode == 1
            line = f"pretrain: colt, repeat 1: runs/colt/1/encoder.safetensors: not written ({reason}); "
            assert said.splitlines()[-1].startswith(line)
            assert "Traceback" not in said and not [path for path in folder.rglob("*") if path.is_file()]
        victim.again("pretrain@colt")
        victim.require_whole("pretrain@colt")


@with_all
def test_a_disk_that_fills_up_while_training_keeps_the_last_state(victim, trial):
    with trial("disk of the state full"), disk(victim.folder / ".scratch", "size=400k"):
        run = start(victim, "pretrain@colt")
        said = run.communicate(timeout=300)[0]
        assert run.returncode == 1 and said.splitlines()[-1].startswith("pretrain: ") and "Traceback" not in said
        assert "state.pt: not written (No space left on device)" in said
        subprocess.run(["mount", "-o", "remount,size=8m", str(victim.folder / ".scratch")], check=True)
        victim.again("pretrain@colt")
        assert victim.made("pretrain@colt") == victim.whole["pretrain@colt"]
        assert not list((victim.folder / ".scratch").iterdir())


@with_all
def test_a_full_disk_of_the_cache_ends_the_run_and_loses_nothing(victim, trial):
    with trial("disk of DVC's cache full"):
        with disk(victim.folder / ".dvc/cache", "size=20k"):
            victim.forget()
            done = victim.run("dvc", "repro", "-f", "-s", "pretrain@colt", check=False)
            assert done.returncode != 0 and "No space left on device" in done.stdout
        victim.again("pretrain@colt")
        victim.require_whole("pretrain@colt")


@pytest.mark.parametrize("missing", some(["data/split/1/longtail.npy", "data/pool/all/store.json",
                                          "data/images/train/files.csv"], 1))
def test_a_missing_input_is_one_line_and_comes_back(victim, trial, missing):
    with trial("missing input between stages"):
        path = victim.folder / missing
        content = path.read_bytes()
        path.unlink()
        said = start(victim, "pretrain@colt").communicate(timeout=300)[0]
        assert said.splitlines()[-1] == f"pretrain: colt, repeat 1: {missing}: missing; `dvc repro` makes it"
        victim.run("dvc", "repro", "pretrain@colt")
        assert path.read_bytes() == content
        victim.require_whole("pretrain@colt")


@pytest.mark.parametrize("damage", some(["one bit", "cut off"], 1))
def test_a_damaged_state_is_left_out(victim, trial, damage):
    with trial("damaged state of a training"):
        run = start(victim, "pretrain@colt")
        wait_for_state(victim, run)
        run.send_signal(signal.SIGTERM)
        run.wait()
        state = next(victim.folder.glob(".scratch/*/*/state.pt"))
        content = bytearray(state.read_bytes())
        content[len(content) // 2] ^= 1
        state.write_bytes(content[:1000] if damage == "cut off" else content)
        assert victim.again("pretrain@colt").count("state.pt: damaged, removed; going on from the one before it") == 1
        victim.require_whole("pretrain@colt")


@pytest.mark.parametrize("file", some(["data/embed/1/pool/00000.npy", "data/embed/1/views/001/00000.npy",
                                       "data/scores/1.parquet",
                                       "runs/simclr/1/encoder.safetensors", "data/pool/all/images.npy"], 1))
@pytest.mark.parametrize("damage", some(["one bit", "cut off"], 1))
def test_a_damaged_file_between_stages_comes_back(victim, trial, file, damage):
    with trial("damaged file between stages"):
        path = victim.folder / file
        content = path.read_bytes()
        changed = bytearray(content)
        changed[len(content) // 2] ^= 1
        path.unlink()  # it may be a link into the cache
        path.write_bytes(changed[:500] if damage == "cut off" else changed)
        victim.run("dvc", "repro", "select_pool@mak")
        assert path.read_bytes() == content
        victim.require_whole("select_pool@mak")


@pytest.mark.parametrize("number", some(list(range(10)), 1))
def test_a_lock_that_was_cut_off_is_mended_and_nothing_is_lost(victim, trial, number):
    with trial("dvc.lock cut off"):
        lock = victim.folder / "dvc.lock"
        text = lock.read_text()
        lock.write_text(text[: random.Random(number).randrange(len(text))])
        victim.run("python", "-m", "scripts.mend")
        victim.run("dvc", "repro", *victim.whole)
        for target in victim.whole:
            victim.require_whole(target)


@with_all
def test_the_hash_seed_changes_no_byte(victim, trial):
    for seed in ("1", "2"):
        with trial("another PYTHONHASHSEED"):
            assert start(victim, "student@guided", PYTHONHASHSEED=seed).wait(timeout=300) == 0
            victim.require_whole("student@guided")


@with_all
def test_the_commands_are_those_of_dvc(victim):
    for target, command in COMMANDS.items():
        assert victim.lock()[target]["cmd"] == f"python -m stages.{command}"
