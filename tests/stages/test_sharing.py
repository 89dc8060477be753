"""docs/sharing.md: a second clone pulls encoders and tables, and has nothing to train."""

import subprocess

import pytest

from tests import ROOT

pytestmark = pytest.mark.long


def test_a_clone_that_pulls_has_everything_and_trains_nothing(finished, tmp_path):
    page = (ROOT / "docs/sharing.md").read_text()
    for command in ("dvc remote add --default team ../team", "dvc push --run-cache", "dvc pull --run-cache"):
        assert f"\n{command}\n" in page, command
    finished.run("dvc", "remote", "add", "--default", "--force", "team", str(tmp_path / "team"))
    finished.git("commit", "-qm", "remote", ".dvc/config")
    finished.run("dvc", "push", "--run-cache")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(finished.folder), str(clone)], check=True)
    assert not (clone / "runs/colt/1/encoder.safetensors").exists()
    finished.run("dvc", "pull", "--run-cache", "--allow-missing", cwd=clone)  # of rows that have not run here
    for name in ("runs/colt/1/encoder.safetensors", "data/selected.parquet", "results/table.md", "metrics/colt.json"):
        assert (clone / name).read_bytes() == (finished.folder / name).read_bytes(), name
    said = finished.run("dvc", "repro", "report_page", cwd=clone, PYTHONPATH=f"{clone}/src").stdout
    assert "Running stage" not in said and "up to date" in said
    finished.run("dvc", "remote", "remove", "team")
    finished.commit()
