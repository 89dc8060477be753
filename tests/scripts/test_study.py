"""The page of results on real images: its tables come from the numbers of all splits."""

import pandas as pd
import pytest

from ballast.config.yaml import read_yaml
from ballast.report.marks import filled
from ballast.report.tables import PROTOCOLS
from scripts.study import PAGE, QUANTITIES, between_splits, tables
from tests import ROOT


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_tables_of_the_page_are_those_of_its_numbers():
    params = read_yaml(ROOT / "params.yaml")
    runs, measured = (pd.read_csv(ROOT / "docs/results" / name) for name in ("accuracy.csv", "quantities.csv"))
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    blocks = tables(runs, measured, params)
    assert all(f"<!-- {name} -->" in page for name in blocks)
    assert filled(page, blocks) == page


def test_every_table_is_made_of_the_numbers_of_all_splits():
    params = read_yaml(ROOT / "params.yaml")
    runs = pd.DataFrame([
        {"protocol": protocol, "method": row, "split": split, "Many": 60.0 + row_number, "Median": 50.0, "Few": 40.0,
         "Std": 8.0, "All": 50.0 + row_number * split}
        for protocol in PROTOCOLS for row_number, row in enumerate(params["show"]) for split in (1, 2, 3)])
    parts = [("colt", "Few", 1), ("bcl", "loss", 2)]
    measured = pd.DataFrame([{"quantity": f"{name}: {part}", "method": method, "value": split * factor, "split": split}
                             for name in QUANTITIES for method, part, factor in parts for split in (1, 2, 3)])
    blocks = tables(runs, measured, params)
    rows = {name: {cells[1].strip(): cells for line in text.splitlines() if len(cells := line.split("|")) > 2}
            for name, text in blocks.items()}
    place = params["show"].index("colt")
    assert rows["accuracy"]["colt"][6].strip() == f"{50 + 2 * place:.2f} ± {place * (2 / 3) ** 0.5:.2f}"
    behind = place - params["show"].index("simclr")
    assert rows["over simclr"]["colt"][6].strip() == f"+{2 * behind:.2f} ± {behind * (2 / 3) ** 0.5:.2f}"
    assert set(params["show"]) < set(rows["protocols"])
    assert rows["phi"]["method"][2:4] == [" Few         ", " loss        "]
    assert [cell.strip() for cell in rows["phi"]["bcl"][2:4]] == ["", f"4.00 ± {2 * (2 / 3) ** 0.5:.2f}"]
    assert "COLT 1" in blocks["papers"] and "COLT: epochs 2000, ours 200" in blocks["papers"]


def test_tailness_that_knows_the_class_agrees_between_splits_and_that_which_knows_rarity_does_not():
    counts = {"1": [30, 20, 10], "2": [10, 20, 30], "3": [30, 20, 10]}
    tables = {split: pd.concat([
        pd.DataFrame({"method": "colt", "measure": "density", "label": range(3), "tailness": [0.1, 0.5, 0.9]}),
        pd.DataFrame({"method": "bcl", "measure": "loss", "label": range(3), "tailness": [1 / n for n in count]}),
    ]) for split, count in counts.items()}
    found = between_splits(tables).set_index(["method", "split"])["value"].to_dict()
    assert found == {("colt", "1 and 2"): 1, ("colt", "1 and 3"): 1, ("colt", "2 and 3"): 1,
                     ("bcl", "1 and 2"): -1, ("bcl", "1 and 3"): 1, ("bcl", "2 and 3"): -1}
    assert between_splits({"1": tables["1"]}).empty
