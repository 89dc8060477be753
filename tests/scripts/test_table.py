"""The command line of the table, and what it asks of DVC."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from ballast.config.files import read_params
from ballast.runtime.errors import BallastError
from scripts import table
from tests import ROOT

PARAMS = read_params(ROOT)
VALUES = {"Many": 3.0, "Median": 2.0, "Few": 1.0, "Std": 0.8, "All": 2.0}


def test_show_and_variants_stand_for_their_rows_and_no_name_comes_twice():
    assert table.expanded(["show"], PARAMS, []) == PARAMS["show"]
    names = table.expanded(["variants"], PARAMS, [])
    assert set(PARAMS["variants"]) < set(names) and len(names) == len(set(names))
    assert names.index("mak") < names.index("mak-both")
    assert table.expanded(["colt", "colt"], PARAMS, []) == ["colt"]


def test_a_mistyped_method_is_one_line_with_a_proposal():
    with pytest.raises(BallastError, match=r"METHODS: expected rows .* got 'coltt'; did you mean 'colt'\?"):
        table.expanded(["coltt"], PARAMS, [])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run([sys.executable, "-m", "scripts.table", "1", "coltt"], cwd=ROOT, env=environment,
                         capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stderr.startswith("table: METHODS") and len(ran.stderr.splitlines()) == 1


def test_a_row_that_is_not_shown_has_no_evaluation():
    with pytest.raises(BallastError, match=r"params\.yaml: show: expected the row 'colt'"):
        table.expanded(["colt-random"], {**PARAMS, "show": ["simclr"]}, [])
    with pytest.raises(BallastError, match="show: expected the row 'mak'"):
        table.expanded(["mak"], PARAMS, ["show=[simclr,colt]"])
    assert table.expanded(["colt"], {**PARAMS, "show": ["simclr"]}, ["show=[simclr,colt]"]) == ["colt"]


@pytest.mark.parametrize("words", [["1,x", "mak"], ["1", "mak", "nope"], ["1", "mak", "knn", "profile"], ["1"]])
def test_a_mistyped_argument_ends_with_the_usage(words, capsys):
    with pytest.raises(SystemExit):
        table.arguments(words)
    assert "usage: python -m scripts.table" in capsys.readouterr().err


def test_a_setting_may_name_a_file():
    words = ["1,2", "mak,colt", "fewshot", "profile=small", "configs/profiles/small.yaml:pretrain.epochs=3"]
    parsed = table.arguments([*words, "--out", "a.csv"])
    assert parsed.splits == ["1", "2"] and parsed.methods == ["mak", "colt"] and parsed.protocol == "fewshot"
    assert parsed.settings == words[3:5] and parsed.out == "a.csv"


def test_every_split_and_variant_is_an_experiment_and_out_holds_the_single_splits(monkeypatch, tmp_path, capsys):
    experiments = {}
    monkeypatch.setattr(table, "run", lambda name, changes, stages: experiments.update({name: (changes, stages)}))
    monkeypatch.setattr(table, "DVCFileSystem", lambda rev: SimpleNamespace(rev=rev))
    monkeypatch.setattr(table, "accuracies", lambda files, row, protocol: {**VALUES, "All": float(files.rev[6])})
    monkeypatch.chdir(ROOT)
    setting = "configs/profiles/smoke.yaml:pretrain.epochs=7"
    table.main(["1", "3"], ["mak", "colt", "mak-both", "guided-joint"], "linear", ["profile=smoke", setting],
               str(tmp_path / "splits.csv"))
    names = [f"split-{split}-smoke-7{suffix}" for split in (1, 3) for suffix in ("", "-mak-both", "-guided-joint")]
    assert list(experiments) == names
    assert experiments["split-1-smoke-7"] == (["split=1", "profile=smoke", setting], ["evaluate@mak", "evaluate@colt"])
    changes, stages = experiments["split-3-smoke-7-mak-both"]
    assert changes == ["split=3", "profile=smoke", setting, "++methods.mak.select.ratio=1.0"]
    assert stages == ["evaluate@mak"] and experiments["split-1-smoke-7-guided-joint"][1] == ["evaluate@guide"]
    runs = pd.read_csv(tmp_path / "splits.csv")
    assert list(runs.columns) == ["protocol", "split", "method", *VALUES]
    assert runs[runs["method"] == "mak-both"]["All"].tolist() == [1, 3] and len(runs) == 8
    printed = capsys.readouterr().out
    assert "2.00 ± 1.00" in printed and "gain over mak" in printed


def test_fine_tuning_is_a_stage_of_its_own_and_metrics_are_flat():
    assert table.evaluations(["mak"], "finetune") == ["finetune@mak"]
    files = SimpleNamespace(read_text=lambda path: {
        "metrics/mak.json": '{"Many": 1, "Median": 2, "Few": 3, "Std": 4, "All": 5}',
        "metrics/knn/mak.json": '{"Many": 1, "Median": 2, "Few": 3, "Std": 4, "All": 6}',
        "metrics/fewshot/mak.json": "{}"}[path])
    assert table.accuracies(files, "mak", "linear")["All"] == 5 and table.accuracies(files, "mak", "knn")["All"] == 6
    with pytest.raises(BallastError, match=r"metrics/fewshot/mak\.json: expected Many"):
        table.accuracies(files, "mak", "fewshot")
