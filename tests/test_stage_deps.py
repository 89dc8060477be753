"""Every module that a stage imports is among its dependencies in dvc.yaml."""

import pytest
import yaml

from tests.stage_deps import ROOT, closure

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("name", STAGES)
def test_code_dependencies_are_the_closure_of_imports(name):
    stage = STAGES[name].get("do", STAGES[name])
    script = ROOT / stage["cmd"].split()[1]
    declared = {dep for dep in stage["deps"] if dep.endswith(".py")}
    assert declared == closure(script), f"python -m tests.stage_deps {script.stem}"
