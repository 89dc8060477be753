"""The page of the study: its tables come from its numbers, and only what is between its marks is written anew."""

import pandas as pd
import yaml

from ballast.report.tables import PROTOCOLS
from scripts.study import QUANTITIES, filled, tables
from tests import ROOT


def test_only_what_is_between_the_marks_is_written_anew():
    page = "before\n<!-- a b -->\nold\n<!-- /a b -->\nafter <!-- c -->\n"
    assert filled(page, {"a b": "new"}) == "before\n<!-- a b -->\n\nnew\n\n<!-- /a b -->\nafter <!-- c -->\n"
    assert filled(filled(page, {"a b": "new"}), {"a b": "new"}) == filled(page, {"a b": "new"})


def test_every_table_is_made_of_the_numbers_of_all_splits():
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    runs = pd.DataFrame([
        {"protocol": protocol, "method": row, "split": split, "Many": 60.0 + row_number, "Median": 50.0, "Few": 40.0,
         "Std": 8.0, "All": 50.0 + row_number * split}
        for protocol in PROTOCOLS for row_number, row in enumerate(params["show"]) for split in (1, 2, 3)])
    found = [("colt", "Few", 1), ("bcl", "loss", 2)]
    measured = pd.DataFrame([{"quantity": f"{name}: {part}", "method": method, "value": split * factor, "split": split}
                             for name in QUANTITIES for method, part, factor in found for split in (1, 2, 3)])
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
