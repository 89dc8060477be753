"""The README shows the committed results."""

from tests import ROOT


def test_the_table_is_the_one_that_make_repro_prints():
    assert (ROOT / "results" / "table.md").read_text().strip() in (ROOT / "README.md").read_text()
