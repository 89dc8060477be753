"""Stages in their order without DVC."""

import json
import subprocess
import sys

import pytest

from ballast.config.files import read_params
from ballast.config.yaml import read_yaml
from ballast.runtime.errors import BallastError
from scripts.by_hand import ordered, stages
from tests import ROOT


@pytest.fixture(scope="module")
def all_stages():
    return stages(read_yaml(ROOT / "dvc.yaml"), read_params(ROOT))


def test_its_stages_are_those_of_dvc(all_stages):
    listed = subprocess.run(["dvc", "stage", "list", "--name-only"], cwd=ROOT, capture_output=True, text=True)
    assert sorted(all_stages) == sorted(listed.stdout.split())


def test_a_stage_comes_after_all_that_it_needs(all_stages):
    order = [name for name, _ in ordered(all_stages, ["evaluate@mak", "evaluate@guided"])]
    assert len(order) == len(set(order))
    for before, after in (("check", "images"), ("split", "preflight"), ("pretrain@simclr", "embed"),
                          ("embed", "score_pool"), ("score_pool", "select_pool@mak"),
                          ("select_pool@mak", "pretrain@mak"), ("pretrain@mak", "evaluate@mak"),
                          ("pretrain@guide", "student@guided")):
        assert order.index(before) < order.index(after)
    assert "pretrain@colt" not in order and "report" not in order


def test_its_order_is_the_one_in_which_dvc_runs(all_stages):
    text = subprocess.run(["dvc", "dag", "--dot", "evaluate@mak"], cwd=ROOT, capture_output=True, text=True).stdout
    edges = [[word.strip('"; ') for word in line.split("->")] for line in text.splitlines() if "->" in line]
    order = [name for name, _ in ordered(all_stages, ["evaluate@mak"])]
    assert edges and all(order.index(before) < order.index(after) for before, after in edges)


def test_an_unknown_stage_is_one_line(all_stages):
    with pytest.raises(BallastError, match=r"^evaluate@x: expected a stage of dvc\.yaml, got none"):
        ordered(all_stages, ["evaluate@x"])


def test_it_runs_what_is_missing_and_nothing_twice(tmp_path):
    (tmp_path / "params.yaml").write_text("rows: {a: {word: one}, b: {word: two}}")
    graph = {"stages": {
        "make": {"foreach": "${rows}", "do": {
            "cmd": "python -c 'import sys; open(sys.argv[1], \"a\").write(sys.argv[2])' ${key}.txt ${item.word}",
            "outs": ["${key}.txt"]}},
        "join": {"cmd": "python -c 'open(\"out\", \"w\").write(open(\"a.txt\").read() + open(\"b.txt\").read())'",
                 "deps": ["a.txt", "b.txt"], "outs": ["out"]}}}
    (tmp_path / "dvc.yaml").write_text(json.dumps(graph))
    command = [sys.executable, "-m", "scripts.by_hand", "join"]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": f"{ROOT}:{ROOT}/src"}, capture_output=True,
                              text=True)
    assert (tmp_path / "out").read_text() == "onetwo" and not done.stdout and not done.stderr
