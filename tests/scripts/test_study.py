"""The page of results on real images: its tables come from the numbers of all repeats."""

import pandas as pd
import pytest

from ballast.config.yaml import read_yaml
from ballast.report.marks import filled
from ballast.report.tables import PROTOCOLS
from scripts.study import PAGE, QUANTITIES, tables
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


def test_every_table_is_made_of_the_numbers_of_all_repeats():
    params = read_yaml(ROOT / "params.yaml")
    runs = pd.DataFrame([
        {"protocol": protocol, "method": row, "repeat": split, "Many": 60.0 + row_number, "Median": 50.0, "Few": 40.0,
         "Std": 8.0, "All": 50.0 + row_number * split}
        for protocol in PROTOCOLS for row_number, row in enumerate(params["show"]) for split in (1, 2, 3)])
    parts = [("colt", "Few", 1), ("bcl", "loss", 2)]
    measured = pd.DataFrame([{"quantity": f"{name}: {part}", "method": method, "value": split * factor, "split": split}
                             for name in QUANTITIES for method, part, factor in parts for split in (1, 2, 3)])
    blocks = tables(runs, measured, params)
    rows = {name: {cells[1].strip(): cells for line in text.splitlines() if len(cells := line.split("|")) > 2}
            for name, text in blocks.items()}
    place = params["show"].index("colt")
    assert rows["accuracy"]["colt"][6].strip() == f"{50 + 2 * place:.1f} ± {place * (1 / 3) ** 0.5:.1f}"
    behind = place - params["show"].index("random")
    assert rows["verdicts"]["colt over random"][2].strip().startswith(f"+{2 * behind:.1f} [")
    assert set(params["show"]) < set(rows["protocols"])
    assert [cell.strip() for cell in rows["phi"]["bcl"][2:4]] == ["", f"4.00 ± {2 * (1 / 3) ** 0.5:.2f}"]
    assert "COLT 1" in blocks["papers"] and "COLT: epochs 2000, ours 200" in blocks["papers"]
