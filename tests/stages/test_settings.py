"""A stage sees the parameters that dvc.yaml declares for it, and no others."""

import json
import subprocess
import sys

import dvc.api
import pytest

from tests import ROOT

LIST = subprocess.run(["dvc", "stage", "list", "--all", "--name-only"], cwd=ROOT, capture_output=True, text=True)
DECLARED = "import json, sys; sys.path.insert(0, 'stages'); import common, settings; "


def own(names):
    code = DECLARED + f"print(json.dumps({{name: settings.declared(name) for name in {names!r}}}))"
    return json.loads(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout)


def test_declared_values_are_those_of_dvc():
    names = LIST.stdout.split()
    assert len(names) > 40
    found = own(names)
    with pytest.MonkeyPatch.context() as here:
        here.chdir(ROOT)
        for name in ("split", "report", "pretrain@sdclr-colt", "pretrain@simclr", "student@guided", "linear@guided"):
            assert found[name] == dvc.api.params_show(stages=[name]), name


def test_a_stage_gets_its_blocks_by_name(make_project):
    project = make_project()
    code = DECLARED + "sys.argv[0] = 'stages/pretrain.py'; print(json.dumps(vars(settings.parameters('colt'))))"
    shown = json.loads(project.run("python", "-c", code).stdout)
    assert set(shown) == {"seed", "threads", "deterministic", "dataset", "dataset_name", "profile", "profile_name",
                          "method"}
    assert shown["profile_name"] == "smoke"
    assert set(shown["profile"]) == {"augment", "network", "pretrain", "sampling", "tuned"}
    assert set(shown["method"]) == {"pretrain"} and shown["method"]["pretrain"]["domain"]["weight"] == 0.2


def test_an_unknown_row_is_one_line(make_project):
    project = make_project()
    code = "\ntry:\n    settings.declared('pretrain@nobody')\nexcept Exception as error:\n    print(error)"
    done = project.run("python", "-c", DECLARED + code)
    assert done.stdout.startswith("dvc.yaml: stage pretrain has no 'nobody'; it has balanced, simclr, sdclr")
    assert done.stdout.count("\n") == 1
