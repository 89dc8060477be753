"""Every stage with a network runs on a logical GPU, and uses it."""

import json
import shutil

import pytest

from tests.device.stages import STAGES

pytestmark = pytest.mark.long

ON_CPU = {"inspect_selection"}  # it has nothing to compute


def test_stages_make_no_mistake_about_devices(finished, tmp_path):
    copy = tmp_path / "project"
    shutil.copytree(finished.folder, copy, symlinks=True)
    done = finished.run("python", "-m", "tests.device.stages", cwd=copy, PYTHONPATH=f"{copy}/src",
                        BALLAST_DEVICE="cuda")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [line for line, *_ in lines] == list(STAGES), done.stdout
    for line, errors, alerts, launches in lines:
        assert not errors and not alerts, line
        assert bool(launches) == (line not in ON_CPU), line
