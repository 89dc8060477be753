"""The comparison tables: means with errors, verdicts, dashes for what is not known."""

import os
import subprocess
import sys

import pandas as pd
import pytest

from ballast.report.tables import (
    COLUMNS,
    agreement,
    by_protocol,
    gains_as_text,
    label_free,
    markdown,
    markdown_label_free,
    of_last_round,
    summary,
    with_errors,
)
from ballast.report.verdicts import gains
from tests import ROOT
from tests.report.runs import FACTS, runs


def test_a_summary_has_the_mean_and_its_standard_error_and_keeps_the_order():
    table = summary(runs({"simclr": [40.0, 42, 44, 46], "colt": [45.0, 49, 47, 51]}))
    assert list(table.columns) == ["method", *COLUMNS, *(f"{name} se" for name in COLUMNS)]
    assert table["method"].tolist() == ["simclr", "colt"] and table["All"].tolist() == [43, 48]
    assert table["All se"].tolist() == pytest.approx([(20 / 3 / 4) ** 0.5] * 2, abs=1e-4)
    assert with_errors(table).loc[1, "All"] == "48.0 ± 1.3"


def test_markdown_shows_errors_verdicts_and_how_it_was_measured():
    table = runs({"simclr": [40.0, 42, 44, 46], "colt": [45.0, 47, 49, 51.5], "mak": [40.5, 41, 45, 46]})
    text = markdown(summary(table), gains(table, [("colt", "simclr"), ("mak", "simclr")], ("All",)), FACTS)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "| colt | 48.1 ± 1.4 | 48.1 ± 1.4 | 48.1 ± 1.4 | 48.1 ± 1.4 | 48.1 ± 1.4 |" in lines
    assert "| colt over simclr | +5.1 [+4.7, +5.5] better |" in lines
    assert any(line.startswith("| mak over simclr | +0.1 [-1.2, +1.5] cannot tell (") for line in lines)
    assert "- groups: thirds" in lines and "- seed: 1; 2" in lines


def test_one_repeat_has_no_error_bar_and_says_so():
    table = runs({"simclr": [40.0], "colt": [45.0]})
    text = markdown(summary(table), gains(table, [("colt", "simclr")], ("All",)), FACTS)
    assert " 40.0 " in text and "40.00" not in text, "as many digits as elsewhere"
    assert "one repeat: no error bar" in text and "+5.0 (one repeat: no error)" in text
    assert "±" not in text and "nan" not in text


def test_every_protocol_that_was_measured_has_its_columns():
    table = pd.concat([runs({"simclr": [40.0, 42]}), runs({"simclr": [50.0, 54]}, "knn1")])
    shown = with_errors(by_protocol(table)).loc[0].to_dict()
    assert shown == {"method": "simclr", "linear: All": "41.0 ± 1.0", "linear: Few": "41.0 ± 1.0",
                     "kNN@1: All": "52.0 ± 2.0", "kNN@1: Few": "52.0 ± 2.0"}


def test_where_evaluations_disagree_is_seen():
    up, down = runs({"simclr": [40.0, 42, 44], "colt": [45.0, 47, 49.1]}), runs({"simclr": [50.0, 55, 52],
                                                                                "colt": [45.0, 50.1, 47]}, "knn")
    found = agreement({name: gains(part, [("colt", "simclr")]) for name, part in (("linear", up), ("knn", down))})
    assert found.to_dict("records") == [{"gain of": "colt over simclr", "linear": "+", "kNN": "-"}]


def test_gains_as_text_has_a_line_for_each_pair():
    table = runs({"simclr": [40.0, 42, 44], "colt": [45.0, 47, 49.1]})
    shown = gains_as_text(gains(table, [("colt", "simclr")], ("All", "Few")))
    assert list(shown.columns) == ["gain of", "All", "Few"] and len(shown) == 1


def test_without_labels_the_table_says_how_training_ended():
    history = pd.DataFrame({"method": ["simclr", "simclr", "colt"], "repeat": 1, "epoch": [1, 2, 1],
                            "images": [10, 10, 30], "contrastive": [3.0, 2.0, 1.0]})
    features = {"simclr": {"uniformity": -2.5, "se": {"uniformity": 0.1}}, "guide": {"uniformity": -2.0},
                "colt": {"uniformity": -3.0}}
    table = label_free(features, history)
    assert table["method"].tolist() == ["simclr", "guide", "colt"]
    assert table[["contrastive", "images"]].fillna(-1).to_numpy().tolist() == [[2, 10], [-1, -1], [1, 30]]
    lines = [line.split("|") for line in markdown_label_free(table, FACTS).splitlines()]
    cells = [[cell.strip() for cell in line[1:3]] for line in lines if len(line) > 3]
    assert ["simclr", "-2.500 ± 0.100"] in cells and ["guide", "-2.000"] in cells


def test_closeness_is_that_of_the_last_round_over_the_repeats():
    table = pd.DataFrame({"method": "colt", "epoch": [3, 5, 3, 5], "repeat": [1, 1, 2, 2], "Few": [9.0, 1.0, 9.0, 2.0]})
    assert of_last_round(table).to_dict("records") == [{"method": "colt", "Few": 1.5, "Few se": 0.5}]


def test_tables_do_not_import_matplotlib():
    code = "import sys, ballast.report.tables, ballast.report.verdicts, ballast.report.marks; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert not {"matplotlib", "torch", "sklearn", "scipy"} & set(ran.stdout.split())
