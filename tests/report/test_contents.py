"""The contents of the page: what it says with labels, and without."""

import pandas as pd

from ballast.report.contents import PICTURES, sections, shown
from ballast.report.page import html

HISTORY = pd.DataFrame({"method": ["simclr"] * 2 + ["colt"], "epoch": [1, 2, 1], "images": [10, 10, 30]})
TABLES = {
    "table": pd.DataFrame({"method": ["simclr", "colt"], "Many": [1.0, 2], "Median": [1.0, 2], "Few": [1.0, 2],
                           "Std": [0.0, 0], "All": [1.0, 2]}),
    "protocols": pd.DataFrame({"method": ["simclr", "colt"], "kNN: All": [1.0, 2]}),
    "likeness": pd.DataFrame({"method": ["pool", "colt", "colt"], "epoch": [0, 3, 5], "Many": [0.5, 9, 0.25],
                              "Median": [1.0, 9, 1], "Few": [4.0, 9, 6]}),
    "history": HISTORY}


def test_with_labels_every_picture_is_there_and_likeness_is_relative_to_the_pool():
    found = sections(TABLES, "published", ["seed: 1"])
    assert [name for section in found for name in section.pictures] == [picture.file for picture in PICTURES]
    likeness = next(section for section in found if section.title.startswith("Which groups")).table
    assert likeness.to_dict("records") == [{"method": "colt", "Many": 0.5, "Median": 1.0, "Few": 1.5}]
    effort = next(section for section in found if section.title == "Training effort").table
    assert effort.set_index("method").loc["simclr"].tolist() == [2, 20]
    pictures = {picture.file: b"PNG" for picture in PICTURES}
    assert "published" in html("t", "i", found, pictures) and found[-1].facts == ["seed: 1"]


def test_without_labels_there_are_no_accuracies():
    table = pd.DataFrame({"method": ["simclr"], "uniformity": [-2.0], "images": [10], "contrastive": [3.0]})
    found = sections({**TABLES, "table": table, "likeness": pd.DataFrame()}, "", [])
    names = [name for section in found for name in section.pictures]
    assert names == [picture.file for picture in shown(False)] and "groups.png" not in names
    assert found[0].table is table and not any(section.title.startswith("Which groups") for section in found)
