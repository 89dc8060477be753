"""The contents of the page: what it says with labels, and without."""

import pandas as pd

from ballast.report.contents import PICTURES, sections, shown
from ballast.report.page import html
from ballast.report.tables import by_protocol, summary
from ballast.report.verdicts import gains
from tests.report.runs import runs

RUNS = runs({"simclr": [1.0, 1.5], "colt": [2.0, 2.4]})
HISTORY = pd.DataFrame({"method": ["simclr"] * 2 + ["colt"], "repeat": 1, "epoch": [1, 2, 1], "images": [10, 10, 30]})
TABLES = {
    "table": summary(RUNS),
    "gains": gains(RUNS, [("colt", "simclr")]).assign(protocol="linear"),
    "protocols": by_protocol(RUNS),
    "closeness": pd.DataFrame({"method": "colt", "epoch": [3, 5, 3, 5], "repeat": [1, 1, 2, 2], "Many": [9, 0.25] * 2,
                               "Median": [9, 1] * 2, "Few": [9, 1.4, 9, 1.6]}),
    "history": HISTORY}


def test_with_labels_every_picture_is_there_and_gains_have_verdicts():
    found = sections(TABLES, "published", ["seed: 1"])
    assert [name for section in found for name in section.pictures] == [picture.file for picture in PICTURES]
    close = next(section for section in found if section.title.startswith("Which groups")).table
    assert close.to_dict("records") == [{"method": "colt", "Many": "0.25 ± 0.00", "Median": "1.00 ± 0.00",
                                         "Few": "1.50 ± 0.10"}]
    verdicts = next(section for section in found if section.title == "Verdicts").table
    assert verdicts["gain of"].tolist() == ["colt over simclr"] and "[" in verdicts.loc[0, "Few"]
    effort = next(section for section in found if section.title == "Training effort").table
    assert effort.set_index("method").loc["simclr"].tolist() == [2, 20]
    pictures = {picture.file: b"PNG" for picture in PICTURES}
    assert "published" in html("t", "i", found, pictures) and found[-1].facts == ["seed: 1"]


def test_without_labels_there_are_no_accuracies():
    table = pd.DataFrame({"method": ["simclr"], "uniformity": [-2.0], "uniformity se": [0.1],
                          "images": [10], "contrastive": [3.0]})
    found = sections({**TABLES, "table": table, "closeness": pd.DataFrame()}, "", [])
    names = [name for section in found for name in section.pictures]
    assert names == [picture.file for picture in shown(False)] and "groups.png" not in names
    assert found[0].table.loc[0, "uniformity"] == "-2.000 ± 0.100"
    assert not any(section.title.startswith("Which groups") for section in found)
