"""What MLflow gets of a revision: parameters and metrics of its stages and of the whole pipeline."""

import json
from types import SimpleNamespace

import yaml

from scripts.logged import comparison, curve, measured, parameters, stage_parameters

FILES = {
    "metrics/colt.json": json.dumps({"Many": 9.0, "Few": 7.0, "Std": 1.0, "All": 8.0}),
    "metrics/own.json": json.dumps({}),
    "metrics/knn/colt.json": json.dumps({"All": 6.0}),
    "metrics/diagnostics.json": json.dumps({"colt": {"lean of the budget": {"Few": 2.0}}}),
    "runs/colt/history.csv": "epoch,images,contrastive,domain\n1,10,3.5,\n2,20,3.0,1.5\n",
    "data/recipes/pretrain/colt.yaml": yaml.safe_dump({"optimization": {"epochs": 100}, "ideas": {"colt": {"k": 10}}})}
BLOCKS = {"": {"seed": 1, "methods": {"mak": {"select": {"alpha": 0.3}}}}, "profile": {"pretrain": {"lr": 0.3}},
          "dataset": {"groups": "thirds"}}
REVISION = SimpleNamespace(stages={"pretrain@colt": {}, "evaluate@colt": {}, "evaluate@own": {}, "finetune@colt": {}},
                           read=lambda path: FILES[path].encode(), yaml=lambda path: yaml.safe_load(FILES[path]),
                           parameters=lambda: BLOCKS)


def pairs(values):
    return {value.key: value.value for value in values}


def test_the_run_of_the_pipeline_compares_all_rows_and_has_all_parameters():
    assert pairs(comparison(REVISION, 0)) == {"colt/All": 8.0, "colt/Few": 7.0, "colt/Std": 1.0}
    assert pairs(parameters(REVISION)) == {"seed": "1", "methods.mak.select.alpha": "0.3", "profile.pretrain.lr": "0.3",
                                           "dataset.groups": "thirds"}


def test_a_training_has_its_effective_values_from_its_recipe():
    entry = {"params": {"params.yaml": {"seed": 1}, "configs/profiles/laptop.yaml": {"network": {"width": 16}}},
             "deps": [{"path": "src/ballast/losses"}, {"path": "data/recipes/pretrain/colt.yaml"}]}
    assert pairs(stage_parameters(entry, REVISION)) == {
        "seed": "1", "profile.network.width": "16", "optimization.epochs": "100", "ideas.colt.k": "10"}
    assert stage_parameters({"deps": [{"path": "data/recipes"}]}, REVISION) == []


def test_metrics_are_named_by_their_file_and_curves_have_a_step_per_epoch():
    assert pairs(measured("metrics/colt.json", REVISION, 0))["Few"] == 7.0
    assert pairs(measured("metrics/knn/colt.json", REVISION, 0)) == {"knn/All": 6.0}
    assert pairs(measured("metrics/diagnostics.json", REVISION, 0)) == {"colt.lean of the budget.Few": 2.0}
    points = [(point.key, point.step, point.value) for point in curve("runs/colt/history.csv", REVISION, 0)]
    assert points == [("images", 1, 10), ("images", 2, 20), ("contrastive", 1, 3.5), ("contrastive", 2, 3.0),
                      ("domain", 2, 1.5)]
