"""`make table` over methods and variants, in the real pipeline."""

import json

import pandas as pd
import yaml


def test_a_table_over_splits_holds_methods_and_variants_and_leaves_the_workspace_alone(finished):
    before = {**finished.read("metrics/**/*"), **finished.read("params.yaml"), **finished.read("dvc.lock")}
    shown = finished.run("python", "-m", "scripts.table", "1", "mak,mak-both,guided-joint", "fewshot", "--out",
                         "../splits.csv").stdout
    rows, gains = ({line.split("|")[1].strip(): line for line in block.splitlines() if line.startswith("|")}
                   for block in shown.rstrip().split("\n\n")[-2:])
    assert list(rows)[2:] == ["mak", "mak-both", "guided-joint"]
    assert list(gains)[2:] == ["mak-both", "guided-joint"] and "gain over mak" in gains
    workspace = json.loads((finished.folder / "metrics/fewshot/mak.json").read_text())
    assert f"{workspace['All']:.2f} ± 0.00" in rows["mak"]  # the workspace's own split
    runs = pd.read_csv(finished.folder.parent / "splits.csv").set_index("method")
    assert runs.loc["mak", "All"] == workspace["All"] and set(runs["protocol"]) == {"fewshot"}
    ratio = finished.run("dvc", "params", "diff", "HEAD", "split-1-mak-both").stdout
    assert "methods.mak.select.ratio" in ratio and ratio.count("methods.") == 1
    refs = finished.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
    joint = next(name for name in refs if name.endswith("/split-1-guided-joint"))
    params = yaml.safe_load(finished.run("git", "show", f"{joint}:params.yaml").stdout)
    assert params["methods"]["guide"]["pretrain"]["guidance"] == {}
    assert {**finished.read("metrics/**/*"), **finished.read("params.yaml"), **finished.read("dvc.lock")} == before


def test_a_setting_of_a_profile_is_taken_for_all_splits(finished):
    setting = "configs/profiles/smoke.yaml:linear.epochs=2"
    finished.run("python", "-m", "scripts.table", "1", "simclr", "linear", setting)
    assert "linear.epochs" in finished.run("dvc", "params", "diff", "HEAD", "split-1-2").stdout
