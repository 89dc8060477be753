"""Mean and deviation over splits."""

import pandas as pd
import yaml

from ballast.merge import merged
from scripts.splits import overrides, summary
from tests import ROOT


def test_summary_is_mean_and_population_deviation_and_both_stds():
    runs = pd.DataFrame([
        {"method": "colt", "Many": 50.0, "Median": 40.0, "Few": 30.0, "Std": 8.0, "All": 40.0},
        {"method": "colt", "Many": 54.0, "Median": 40.0, "Few": 34.0, "Std": 9.0, "All": 43.0}])
    row = summary(runs).iloc[0]
    assert row["Many"] == "52.00 ± 2.00" and row["All"] == "41.50 ± 1.50" and row["Std"] == "8.50 ± 0.50"
    assert row["Std of means"] == "8.22"  # population deviation of 52, 40, 32


def test_overrides_are_what_a_variant_sets():
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert list(overrides(params["variants"]["bcl-d"])) == [
        '++methods.bcl.pretrain.framework="sdclr"', "++methods.bcl.pretrain.prune=0.5",
        "++methods.bcl.pretrain.boost.operations=2"]
    assert list(overrides(params["variants"]["guided-unweighted"])) == ["++methods.guided.student.weighted=false"]
    for variant in params["variants"].values():
        built: dict = {}
        for word in overrides(variant):
            path, value = word.removeprefix("++").split("=")
            block = yaml.safe_load(value)
            for key in reversed(path.split(".")):
                block = {key: block}
            built = merged(built, block)
        assert built == {"methods": {variant["of"]: variant["set"]}}
