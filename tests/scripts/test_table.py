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
SINGLES = pd.DataFrame([{"repeat": number, "split": number, "seed": number, "protocol": protocol, **VALUES,
                         "All": 2.0 * number} for number in (1, 2) for protocol in ("linear", "knn")])


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
    ran = subprocess.run([sys.executable, "-m", "scripts.table", "coltt"], cwd=ROOT, env=environment,
                         capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stderr.startswith("table: METHODS") and len(ran.stderr.splitlines()) == 1


def test_a_row_that_is_not_shown_has_no_evaluation():
    with pytest.raises(BallastError, match=r"params\.yaml: show: expected the row 'colt'"):
        table.expanded(["colt-random"], {**PARAMS, "show": ["simclr"]}, [])
    with pytest.raises(BallastError, match="show: expected the row 'mak'"):
        table.expanded(["mak"], PARAMS, ["show=[simclr,colt]"])
    assert table.expanded(["colt"], {**PARAMS, "show": ["simclr"]}, ["show=[simclr,colt]"]) == ["colt"]


@pytest.mark.parametrize("words", [["mak", "nope"], ["mak", "knn", "profile"], []])
def test_a_mistyped_argument_ends_with_the_usage(words, capsys):
    with pytest.raises(SystemExit):
        table.arguments(words)
    assert "usage: python -m scripts.table" in capsys.readouterr().err


def test_a_setting_may_name_a_file():
    words = ["mak,colt", "fewshot", "repeats=2", "configs/profiles/small.yaml:pretrain.epochs=3"]
    parsed = table.arguments([*words, "--out", "a.csv"])
    assert parsed.methods == ["mak", "colt"] and parsed.protocol == "fewshot"
    assert parsed.settings == words[2:4] and parsed.out == "a.csv"


def test_every_variant_is_an_experiment_and_out_holds_the_single_repeats(monkeypatch, tmp_path, capsys):
    experiments = {}
    monkeypatch.setattr(table, "run", lambda name, changes, stages: experiments.update({name: (changes, stages)}))
    monkeypatch.setattr(table, "DVCFileSystem", lambda rev: SimpleNamespace(
        read_bytes=lambda path: SINGLES.assign(Few=len(rev)).to_csv(index=False).encode()))
    monkeypatch.chdir(ROOT)
    setting = "configs/profiles/smoke.yaml:pretrain.epochs=7"
    table.main(["mak", "colt", "mak-both", "guided-joint"], "linear", ["profile=smoke", setting],
               str(tmp_path / "repeats.csv"))
    assert list(experiments) == [f"table-smoke-7{suffix}" for suffix in ("", "-mak-both", "-guided-joint")]
    assert experiments["table-smoke-7"] == (["profile=smoke", setting], ["evaluate@mak", "evaluate@colt"])
    changes, stages = experiments["table-smoke-7-mak-both"]
    assert changes == ["profile=smoke", setting, "++selections.mak.ratio=1.0"]
    assert stages == ["evaluate@mak"] and experiments["table-smoke-7-guided-joint"][1] == ["evaluate@guide"]
    runs = pd.read_csv(tmp_path / "repeats.csv")
    assert runs[runs["method"] == "mak-both"]["All"].tolist() == [2, 4] and len(runs) == 8
    assert set(runs["protocol"]) == {"linear"}
    printed = capsys.readouterr().out
    assert "3.0 ± 1.0" in printed and "| mak-both over mak " in printed and "better" in printed


def test_a_protocol_without_results_is_one_line():
    files = SimpleNamespace(read_bytes=lambda path: SINGLES.to_csv(index=False).encode())
    assert table.repeats(files, "mak", "knn")["All"].tolist() == [2, 4]
    with pytest.raises(BallastError, match=r"runs/repeats/mak\.csv: expected results by finetune, got none"):
        table.repeats(files, "mak", "finetune")
