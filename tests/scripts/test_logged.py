"""What MLflow gets of a revision: parameters and metrics of its stages and of the whole pipeline."""

import json
from types import SimpleNamespace

import yaml

from scripts.logged import comparison, curve, measured, parameters, stage_parameters

FILES = {
    "metrics/colt.json": json.dumps({"Many": 9.0, "Few": 7.0, "All": 8.0, "se": {"All": 0.5, "Many": 1.0},
                                     "data": "glyphs"}),
    "metrics/own.json": json.dumps({}),
    "metrics/protocols/colt.json": json.dumps({"knn": {"All": 6.0, "se": {"All": 0.1}}, "processor": "x"}),
    "metrics/diagnostics.json": json.dumps({"colt": {"lean of the budget": {"Few": 2.0}}}),
    "runs/history/colt.csv": "repeat,epoch,images,contrastive,domain\n"
                             "1,1,10,3.5,\n1,2,20,3.0,1.5\n2,1,10,4.5,\n2,2,20,2.0,2.5\n",
    "data/recipes/pretrain/colt.yaml": yaml.safe_dump({"optimization": {"epochs": 100}, "ideas": {"colt": {"k": 10}}})}
BLOCKS = {"": {"seed": 1, "selections": {"mak": {"alpha": 0.3}}}, "profile": {"pretrain": {"lr": 0.3}},
          "dataset": {"groups": "thirds"}}
REVISION = SimpleNamespace(stages={"pretrain@colt": {}, "evaluate@colt": {}, "evaluate@own": {}},
                           read=lambda path: FILES[path].encode(), yaml=lambda path: yaml.safe_load(FILES[path]),
                           parameters=lambda: BLOCKS)


def pairs(values):
    return {value.key: value.value for value in values}


def test_the_run_of_the_pipeline_compares_all_rows_and_has_all_parameters():
    assert pairs(comparison(REVISION, 0)) == {"colt/All": 8.0, "colt/All se": 0.5, "colt/Few": 7.0}
    assert pairs(parameters(REVISION)) == {"seed": "1", "selections.mak.alpha": "0.3", "profile.pretrain.lr": "0.3",
                                           "dataset.groups": "thirds"}


def test_a_training_has_its_effective_values_from_its_recipe():
    entry = {"params": {"params.yaml": {"seed": 1}, "configs/profiles/laptop.yaml": {"network": {"width": 16}}},
             "deps": [{"path": "src/ballast/losses"}, {"path": "data/recipes/pretrain/colt.yaml"}]}
    assert pairs(stage_parameters(entry, REVISION)) == {
        "seed": "1", "profile.network.width": "16", "optimization.epochs": "100", "ideas.colt.k": "10"}
    assert stage_parameters({"deps": [{"path": "data/recipes"}]}, REVISION) == []


def test_metrics_are_named_by_their_file_and_curves_are_means_over_repeats():
    assert pairs(measured("metrics/colt.json", REVISION, 0))["Few"] == 7.0
    assert pairs(measured("metrics/protocols/colt.json", REVISION, 0)) == {"knn.All": 6.0, "knn.se.All": 0.1}
    assert pairs(measured("metrics/diagnostics.json", REVISION, 0)) == {"colt.lean of the budget.Few": 2.0}
    points = [(point.key, point.step, point.value) for point in curve("runs/history/colt.csv", REVISION, 0)]
    assert points == [("images", 1, 10), ("images", 2, 20), ("contrastive", 1, 4.0), ("contrastive", 2, 2.5),
                      ("domain", 2, 2.0)]
