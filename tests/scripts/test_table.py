"""What a variant changes, as `dvc exp run` is told."""

import yaml

from ballast.config.merge import merged
from scripts.table import overrides
from tests import ROOT


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
