"""`make table` over methods and variants, in the real pipeline."""

import json


def test_a_table_over_splits_holds_methods_and_variants_and_leaves_the_workspace_alone(finished):
    before = {**finished.read("metrics/**/*"), **finished.read("params.yaml"), **finished.read("dvc.lock")}
    shown = finished.run("python", "scripts/splits.py", "1", "mak,mak-both,guided-joint", "fewshot").stdout
    rows, gains = ({line.split("|")[1].strip(): line for line in block.splitlines() if line.startswith("|")}
                   for block in shown.rstrip().split("\n\n")[-2:])
    assert list(rows)[2:] == ["mak", "mak-both", "guided-joint"]
    assert list(gains)[2:] == ["mak-both", "guided-joint"] and "gain over mak" in gains
    here = json.loads((finished.folder / "metrics/fewshot/mak.json").read_text())
    assert f"{here['All']:.2f} ± 0.00" in rows["mak"]  # the workspace's own split
    ratio = finished.run("dvc", "params", "diff", "HEAD", "split-1-mak-both").stdout
    assert "methods.mak.select.ratio" in ratio and ratio.count("methods.") == 1
    assert "methods.guided.pretrain.guidance.far" in finished.run("dvc", "params", "diff", "HEAD",
                                                                  "split-1-guided-joint").stdout
    assert {**finished.read("metrics/**/*"), **finished.read("params.yaml"), **finished.read("dvc.lock")} == before
