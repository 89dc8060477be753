"""Files from elsewhere are data and never code, parameters never reach a shell, and no code calls anything unsafe."""

import ast
import os
import pickle
import re

import numpy as np
import pytest
import yaml
from safetensors.torch import load_file

from ballast.encoders.model import load_encoder, read_weights
from ballast.images.store import load_store
from ballast.runtime.errors import BallastError
from ballast.runtime.files import load_array
from tests import ROOT

FILES = sorted(file for folder in ("src", "stages", "scripts", "benchmarks") for file in (ROOT / folder).rglob("*.py"))
FORBIDDEN = {"eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads", "yaml.unsafe_load",
             "yaml.full_load", "subprocess.getoutput", "subprocess.getstatusoutput", "joblib.load", "pd.read_pickle"}


class Exploit:
    def __reduce__(self):
        return os.mkdir, ("exploited",)


def calls(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}, node


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_is_run_and_no_shell_is_built(file):
    for name, words, node in calls(file):
        where = f"{file.name}:{node.lineno} {name}"
        assert name not in FORBIDDEN, where
        assert words.get("shell", "False") == "False", where
        if name == "torch.load":
            assert words.get("weights_only") == "True", where
        if name == "np.load":
            assert words.get("allow_pickle") == "False", where
        if name == "yaml.load":
            assert "SafeLoader" in ast.unparse(node.args[1]), where


def test_the_check_sees_what_it_looks_for(tmp_path):
    bad = tmp_path / "bad.py"
    for line in ("eval('1')", "torch.load(path)", "np.load(path, allow_pickle=True)", "subprocess.run(x, shell=True)",
                 "yaml.load(x, yaml.Loader)"):
        bad.write_text(line)
        with pytest.raises(AssertionError):
            test_no_file_is_run_and_no_shell_is_built(bad)


def test_commands_of_the_pipeline_hold_names_of_dvc_yaml_alone():
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    for stage in graph["stages"].values():
        command = stage.get("do", stage)["cmd"]
        assert command.startswith("python -m stages.")
        names = re.findall(r"\$\{(.*?)\}", command)
        assert all(re.fullmatch(r"key|item(\.\w+)?|embed\.encoder", name) for name in names)


@pytest.mark.parametrize("name", ["image.npy", "weights.safetensors"])
def test_a_pickle_under_another_name_is_refused(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Exploit()))
    reads = [load_array] if name.endswith(".npy") else [read_weights, load_encoder]
    for read in reads:
        with pytest.raises(BallastError, match=name):
            read(path)
    np.save(tmp_path / "objects.npy", np.array([Exploit()], object), allow_pickle=True)
    with pytest.raises(BallastError, match=r"objects\.npy"):
        load_array(tmp_path / "objects.npy")
    with pytest.raises(Exception):  # noqa: B017 (safetensors has errors of its own)
        load_file(tmp_path / "objects.npy")
    assert not (tmp_path / "exploited").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"where": "memory"}', "\ud800".encode("utf-8", "surrogatepass")])
def test_a_damaged_store_is_one_line(tmp_path, content):
    (tmp_path / "files.csv").write_text("row\n0\n")
    (tmp_path / "store.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BallastError, match="a damaged store of images"):
        load_store(tmp_path)


def test_yaml_that_would_run_code_is_refused(make_project):
    project = make_project()
    with open(project.folder / "params.yaml", "a") as file:
        file.write('\nevil: !!python/object/apply:os.mkdir ["exploited"]\n')
    done = project.run("python", "-m", "stages.check", check=False)
    assert done.returncode == 1 and done.stdout.startswith("check: params.yaml: ") and done.stdout.count("\n") == 1
    assert not (project.folder / "exploited").exists()


def test_the_page_of_runs_is_for_this_machine_only():
    command = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\tmlflow"))
    assert "--host 127.0.0.1" in command
