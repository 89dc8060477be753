"""Dockerfile, development container and workflow name what there is; a container engine is not needed to see that."""

import json
import re

import pytest
import yaml

from tests import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_image_has_what_the_environment_is_made_of():
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / name).exists() for name in sent)
    assert {"pyproject.toml", "constraints.txt", "Makefile", "src"} <= sent
    assert set(re.findall(r"\bmake ([a-z-]+)", DOCKERFILE)) <= TARGETS
    assert "VENV=/venv" in DOCKERFILE and re.search(r"^VENV \?=", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_development_container_builds_the_image():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert container["workspaceFolder"] in DOCKERFILE


@pytest.mark.parametrize("job", ["check", "test"])
def test_the_workflow_runs_what_a_person_runs(job):
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())["jobs"][job]
    commands = [step["run"] for step in workflow["steps"] if "run" in step]
    assert all(command.removeprefix("make ") in TARGETS or (ROOT / command).exists() for command in commands)
    declared = (ROOT / "pyproject.toml").read_text()
    for version in workflow.get("strategy", {}).get("matrix", {}).get("python", []):
        assert version >= re.search(r'requires-python = ">=([\d.]+)', declared)[1]
