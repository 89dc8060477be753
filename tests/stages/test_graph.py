"""dvc.yaml tells the truth: a stage depends on the code that it runs and on the parameters that it asks for."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from ballast.config.recipe import idea_names
from stages.common.closure import closure
from stages.recipes import code
from tests import ROOT

pytestmark = pytest.mark.unit

GRAPH = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
STAGES = {name: stage.get("do", stage) for name, stage in GRAPH.items()}
SCRIPTS = sorted(path.stem for path in (ROOT / "stages").glob("*.py") if path.stem != "__init__")
BY_HAND = {"check", "recipes", "export"}  # they read whole files
DOORS = (ROOT / "stages/__init__.py", ROOT / "src/ballast/__init__.py")  # the library's place; a short import for users
FILES = {"profile": "configs/profiles/${profile}.yaml", "dataset": "configs/datasets/${dataset}.yaml"}


@cache
def needed(script: str) -> set[str]:
    """Return the files with code that a stage imports, directly or not."""
    return {str(path.relative_to(ROOT)) for path in closure(ROOT / script) if has_code(path)}


def has_code(path: Path) -> bool:
    """Return whether a file is more than a docstring, and is none that only says where things are."""
    return path not in DOORS and any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body)


def covered(file: str, deps: list[str]) -> bool:
    """Return whether a file is among the dependencies or in a folder of them."""
    return any(file == dep or file.startswith(f"{dep}/") for dep in deps)


def test_every_stage_has_its_script():
    assert sorted(STAGES) == SCRIPTS
    for name, stage in STAGES.items():
        assert stage["cmd"].split()[:3] == ["python", "-m", f"stages.{name}"]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_all_code_that_it_imports_and_on_no_other_file(name):
    deps, imported = STAGES[name]["deps"], needed(f"stages/{name}.py")
    assert [file for file in sorted(imported) if not covered(file, deps)] == []
    listed = [dep for dep in deps if dep.startswith(("stages/", "src/"))]
    assert [dep for dep in listed if dep.endswith(".py") and dep not in imported] == []
    assert [dep for dep in listed if not (ROOT / dep).exists()] == []


@pytest.mark.parametrize("name", ["pretrain", "report"])
def test_what_python_loads_is_what_the_syntax_says(name):
    show = (f"import json, sys, stages.{name}; print(json.dumps([module.__file__ for module in sys.modules.values() "
            f"if getattr(module, '__file__', None)]))")
    done = subprocess.run([sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {Path(file) for file in json.loads(done.stdout)}
    own = {path for path in loaded if path.is_relative_to(ROOT) and ".venv" not in path.parts}
    assert own and own <= set(closure(ROOT / f"stages/{name}.py"))


@pytest.mark.parametrize("idea", idea_names())
def test_a_recipe_names_all_code_of_an_idea_that_its_training_does_not_depend_on(idea):
    named = set(code([idea]))
    assert f"src/ballast/ideas/{idea}.py" in named
    for stage in ("pretrain", *(["student"] if idea == "guidance" else [])):
        missing = {file for file in needed(f"src/ballast/ideas/{idea}.py") if not covered(file, STAGES[stage]["deps"])}
        assert missing <= named, stage


def test_the_code_of_an_idea_is_a_dependency_of_no_training_but_by_its_recipe():
    ideas = {f"src/ballast/ideas/{idea}.py" for idea in idea_names()}
    assert not [file for file in ideas if covered(file, STAGES["pretrain"]["deps"])]
    assert "data/recipes/pretrain/${key}.yaml" in STAGES["pretrain"]["deps"]
    assert "data/recipes/student/${key}.yaml" in STAGES["student"]["deps"]


def calls_of(name: str) -> list[ast.Call]:
    """Return the call of `parameters` in a stage, if it has one."""
    calls = [node for node in ast.walk(ast.parse((ROOT / f"stages/{name}.py").read_text()))
             if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "parameters"]
    assert len(calls) <= 1
    return calls


def asked(name: str) -> dict[str, set[str]]:
    """Return the words of the call of `parameters` in a stage, by what they are of."""
    found: dict[str, set[str]] = {"names": set()}
    for call in calls_of(name):
        found["names"] = {ast.literal_eval(word) for word in call.args}
        found |= {word.arg: set(ast.literal_eval(word.value)) for word in call.keywords if word.arg != "selection"}
    return found


def declared(name: str) -> dict[str, set[str]]:
    """Return the parameters that dvc.yaml declares for a stage, in the same form."""
    params = STAGES[name].get("params", [])
    blocks = {kind: set(block[file]) for block in params if isinstance(block, dict)
              for kind, file in FILES.items() if file in block}
    names = {path for path in params if isinstance(path, str)}
    return {"names": {path for path in names if "." not in path}, **blocks}


@pytest.mark.parametrize("name", sorted(set(SCRIPTS) - BY_HAND))
def test_a_stage_declares_the_parameters_that_it_asks_for(name):
    used, told = asked(name), declared(name)
    takes_one = any(word.arg == "selection" for call in calls_of(name) for word in call.keywords)
    assert takes_one == ("selections.${key}" in STAGES[name].get("params", []))
    for kind in FILES:  # which file is in use is a parameter too
        if kind in used:
            used["names"].add(kind)
    assert used == told


def test_stages_that_see_no_label_name_no_label():
    for name in ("pretrain", "embed", "score_pool", "select_pool", "student", "suitability"):
        assert not [dep for dep in STAGES[name]["deps"] if "label" in Path(dep).name and dep.startswith("data")], name


def test_the_graph_has_a_training_of_every_row_and_an_evaluation_of_every_row_that_is_shown():
    assert GRAPH["pretrain"]["foreach"] == "${methods}" and GRAPH["student"]["foreach"] == "${students}"
    assert GRAPH["evaluate"]["foreach"] == "${show}"
    assert set(PARAMS["show"]) <= {*PARAMS["methods"], *PARAMS["students"]}
