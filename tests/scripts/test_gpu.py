"""The command for the day on which there is a GPU, rehearsed."""

import shutil
import sys
from pathlib import Path

import pytest

from ballast.runtime.errors import BallastError
from scripts import gpu
from scripts.gpu import Part
from tests import ROOT


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the page, in which parts are what a test says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/gpu.md", tmp_path / "docs")
    return tmp_path


def part(title, code):
    return Part(title, (sys.executable, "-c", code), Path("state"))


def test_it_goes_on_where_it_was_cut_off(place, monkeypatch):
    parts = [part("One", "open('one', 'a').write('x'); print('| a |')"), part("Two", "import os; os._exit(7)")]
    monkeypatch.setattr(gpu, "measurements", lambda state, quick: parts)
    assert gpu.main(1, False, None) == 1
    assert "## One\n\n| a |" in (place / "docs/gpu.md").read_text()
    parts[1] = part("Two", "print('| b |')")
    assert gpu.main(1, False, None) == 0
    page = (place / "docs/gpu.md").read_text()
    assert "| a |" in page and "| b |" in page and (place / "one").read_text() == "x"


def test_a_part_that_takes_too_long_is_asked_to_stop_and_is_not_finished(place, monkeypatch):
    monkeypatch.setattr(gpu, "TO_SAVE", 0.5)
    code = ("import signal, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: open('saved', 'w').close() or exit(1))\n"
            "time.sleep(30)")
    parts = [part("Slow", code), part("Never", "open('never', 'w')")]
    monkeypatch.setattr(gpu, "measurements", lambda state, quick: parts)
    assert gpu.main(3 / 60, False, None) == 2
    assert (place / "saved").exists() and not (place / "never").exists()


def test_another_size_or_other_code_is_measured_anew(place):
    (place / "src").mkdir()
    (place / "src/a.py").write_text("1")
    states = [gpu.state_of(False), gpu.state_of(True)]
    (place / "src/a.py").write_text("2")
    assert len({*states, gpu.state_of(False)}) == 3


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    assert gpu.arguments(["7", "quick", str(tmp_path)]) == (7.0, True, tmp_path)
    with pytest.raises(BallastError, match=r"^nowhere: expected minutes, `quick` or one folder of images"):
        gpu.arguments(["nowhere"])


def test_all_parts_name_commands_that_exist():
    for made in gpu.measurements(Path(), False):
        module = made.command[made.command.index("-m") + 1]
        assert module == "pytest" or Path(ROOT, *module.split(".")).with_suffix(".py").exists()


@pytest.mark.slow
def test_rows_train_in_a_copy_of_the_project(place, monkeypatch, tmp_path):
    for name in ("configs", "src", "stages", "scripts", "benchmarks", "params.yaml", "dvc.yaml"):
        (place / name).symlink_to(ROOT / name)
    images = tmp_path / "images"
    write(images)
    monkeypatch.setattr(gpu, "measurements", lambda state, quick: [])
    monkeypatch.setattr(gpu, "read_params", lambda: {"show": []})
    monkeypatch.setattr(gpu, "FIRST", ("simclr",))
    monkeypatch.setenv("BALLAST_DEVICE", "cpu")
    assert gpu.main(5, True, images) == 0
    assert "| simclr | " in (place / "docs/gpu.md").read_text()


def write(folder):
    """Write images of three classes and a pool."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    folders = {f"{part}/{name}": 100 for part in ("train", "test") for name in "abc"}
    for place, count in {**folders, "pool": 300}.items():
        (folder / place).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).save(folder / place / f"{number}.png")
