"""The comparison tables."""

import os
import subprocess
import sys

import pandas as pd

from ballast.report.tables import (
    COLUMNS,
    PROTOCOLS,
    by_protocol,
    comparison,
    label_free,
    markdown,
    markdown_label_free,
    relative_likeness,
)
from tests import ROOT

METRICS = {"simclr": {"Many": 50.0, "Median": 40.0, "Few": 30.0, "Std": 8.16, "All": 40.0},
           "colt": {"All": 45.5, "Few": 41.0, "Many": 52.0, "Median": 44.25, "Std": 4.7}}


def test_rows_keep_their_order_and_columns_the_papers():
    table = comparison(METRICS)
    assert list(table.columns) == ["method", *COLUMNS] and list(table["method"]) == ["simclr", "colt"]
    assert table.loc[1, "Median"] == 44.25


def test_markdown_is_a_table_and_says_how_it_was_measured():
    table = comparison(METRICS)
    protocols = by_protocol({"linear": table, "knn": table.assign(All=[1.0, 2.0])})
    text = markdown(table, protocols, [{"groups": "thirds", "seed": 1}, {"groups": "thirds", "seed": 2}])
    lines = text.splitlines()
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == ["method", *COLUMNS]
    assert set(lines[1]) == set("|:-") and len(lines[0]) == len(lines[1]) == len(lines[3])
    assert lines[3].split() == ["|", "colt", "|", "52.00", "|", "44.25", "|", "41.00", "|", "4.70", "|", "45.50", "|"]
    other = [" ".join(line.split()) for line in lines]
    assert "| method | linear: All | linear: Few | kNN: All | kNN: Few |" in other
    assert "| colt | 45.5 | 41.0 | 2.0 | 41.0 |" in other
    assert "- groups: thirds" in lines and "- seed: 1; 2" in lines


def test_what_is_not_known_is_a_dash():
    table = comparison({"simclr": {"All": 50.0}, "colt": METRICS["colt"]})
    text = markdown(table, by_protocol(dict.fromkeys(PROTOCOLS, table)), [{"split": 1}])
    row = next(line for line in text.splitlines() if line.startswith("| simclr"))
    assert [cell.strip() for cell in row.split("|")[2:7]] == ["–", "–", "–", "–", "50.00"] and "nan" not in text


def test_without_labels_the_table_says_how_training_ended():
    history = pd.DataFrame({"method": ["simclr", "simclr", "colt"], "epoch": [1, 2, 1], "images": [10, 10, 30],
                            "contrastive": [3.0, 2.0, 1.0]})
    features = {name: {"uniformity": value} for name, value in (("simclr", -2.5), ("guide", -2.0), ("colt", -3.0))}
    table = label_free(features, history)
    assert table["method"].tolist() == ["simclr", "guide", "colt"]
    assert table[["contrastive", "images"]].fillna(-1).to_numpy().tolist() == [[2, 10], [-1, -1], [1, 30]]
    lines = [line.split() for line in markdown_label_free(table, [{"split": 1}]).splitlines()]
    assert ["|", "guide", "|", "-2.000", "|", "–", "|", "–", "|"] in lines


def test_tables_do_not_import_matplotlib():
    code = "import sys, ballast.report.tables, ballast.report.splits, ballast.report.marks; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert not {"matplotlib", "torch", "sklearn", "scipy"} & set(ran.stdout.split())


def test_relative_likeness_compares_the_last_round_with_the_pool():
    table = pd.DataFrame({"method": ["pool", "mak", "colt", "colt"], "epoch": [0, 0, 3, 5],
                          "Many": [0.5, 0.5, 9.0, 0.25], "Few": [4.0, 6.0, 9.0, 8.0]})
    relative = relative_likeness(table)
    assert relative["method"].tolist() == ["mak", "colt"]
    assert relative[["Many", "Few"]].to_numpy().tolist() == [[1.0, 1.5], [0.5, 2.0]]
