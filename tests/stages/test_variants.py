"""Variants, repeats and comparisons in the real pipeline."""

import json

import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.long


def test_a_table_holds_methods_and_variants_and_leaves_the_workspace_alone(finished):
    before = {**finished.read("metrics/**/*"), **finished.read("params.yaml"), **finished.read("dvc.lock")}
    shown = finished.run("python", "-m", "scripts.table", "mak,mak-both,guided-joint", "fewshot", "--out",
                         "../repeats.csv").stdout
    rows, gains = ({line.split("|")[1].strip(): line for line in block.splitlines() if line.startswith("|")}
                   for block in shown.rstrip().split("\n\n")[-2:])
    assert list(rows)[2:] == ["mak", "mak-both", "guided-joint"]
    assert list(gains)[2:] == ["mak-both over mak", "guided-joint over mak"]
    workspace = json.loads((finished.folder / "metrics/protocols/mak.json").read_text())["fewshot"]
    assert f"{workspace['All']:.1f} ± {workspace['se']['All']:.1f}" in rows["mak"]  # the workspace's own repeats
    runs = pd.read_csv(finished.folder.parent / "repeats.csv").set_index("method")
    assert abs(runs.loc["mak", "All"].mean() - workspace["All"]) < 0.01 and set(runs["protocol"]) == {"fewshot"}
    ratio = finished.run("dvc", "params", "diff", "HEAD", "table-mak-both").stdout
    assert "selections.mak.ratio" in ratio and ratio.count("selections.") == 1 and "methods." not in ratio
    refs = finished.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
    joint = next(name for name in refs if name.endswith("/table-guided-joint"))
    params = yaml.safe_load(finished.run("git", "show", f"{joint}:params.yaml").stdout)
    assert params["methods"]["guide"]["pretrain"]["guidance"] == {}
    assert {**finished.read("metrics/**/*"), **finished.read("params.yaml"), **finished.read("dvc.lock")} == before


def test_another_repeat_trains_that_one_alone_and_is_compared_with_a_note(finished):
    was = finished.read("runs/simclr/*/encoder.safetensors")
    finished.change({"repeats": 3})
    try:
        said = finished.run("dvc", "repro", "evaluate@simclr").stdout
        assert "simclr: 2 of 3 repeats are there already" in said and "simclr, repeat 3 pretrain" in said
        assert "simclr, repeat 1 pretrain" not in said and "simclr, repeat 2 pretrain" not in said
        now = finished.read("runs/simclr/*/encoder.safetensors")
        assert len(now) == 3 and {path: now[path] for path in was} == was
        metrics = json.loads((finished.folder / "metrics/simclr.json").read_text())
        assert metrics["repeats"] == 3 and metrics["split"] == "1-3"
    finally:
        finished.restore("params.yaml", "metrics")
        finished.run("dvc", "repro", "report_page")
        assert finished.repro() == [] and finished.read("runs/simclr/*/encoder.safetensors") == was


def test_comparing_with_the_last_commit_finds_nothing(finished):
    said = finished.run("python", "-m", "scripts.compare").stdout
    assert "No parameter differs." in said and "Warning" not in said and "| colt" in said
