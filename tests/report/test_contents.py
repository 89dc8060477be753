"""The contents of the page: what it says with labels, and without."""

import re

import pandas as pd

from ballast.report.contents import intro, sections
from ballast.report.page import html
from ballast.report.pictures import PICTURES, shown
from ballast.report.tables import by_protocol, summary
from ballast.report.verdicts import gains, leaders
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
    found = sections(TABLES, leaders(RUNS), "published", ["seed: 1"])
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
    found = sections({**TABLES, "table": table, "closeness": pd.DataFrame()}, pd.DataFrame(), "", [])
    names = [name for section in found for name in section.pictures]
    assert names == [picture.file for picture in shown(False)] and "groups.png" not in names
    assert found[0].table.loc[0, "uniformity"] == "-2.000 ± 0.100"
    assert not any(section.title.startswith("Which groups") for section in found)


def test_the_page_of_one_repeat_has_no_errors_and_no_verdicts():
    one = RUNS[RUNS["repeat"] == 1]
    tables = {**TABLES, "table": summary(one), "gains": gains(one, [("colt", "simclr")]).assign(protocol="linear"),
              "protocols": by_protocol(one), "closeness": TABLES["closeness"].query("repeat == 1")}
    found = sections(tables, leaders(one), "", [])
    text = html("t", intro(2, "glyphs", 1), found, {picture.file: b"PNG" for picture in PICTURES})
    assert "2 rows on glyphs, one repeat. " in text and "there is no error bar" in text
    assert "±" not in "".join(re.findall("<table>.*?</table>", text, re.DOTALL)) and "nan" not in text.lower()
    assert 'class="marked"' not in text and not any("agree" in section.title for section in found)


def test_evaluations_are_told_by_what_they_train_on_and_contradictions_are_named():
    opposite = runs({"simclr": [5.0, 5.1], "colt": [2.0, 2.15]}, "knn10")
    tables = {**TABLES, "protocols": by_protocol(pd.concat([RUNS, opposite])), "gains": pd.concat([
        gains(part, [("colt", "simclr")]).assign(protocol=name) for name, part in (
            ("linear", runs({"simclr": [1.0, 1.1], "colt": [2.0, 2.15]})), ("knn10", opposite))])}
    found = {section.title: section for section in sections(tables, leaders(RUNS), "", [])}
    assert list(found["Evaluations with the long-tailed images"].table) == ["method", "kNN@10: All", "kNN@10: Few"]
    assert list(found["Evaluations with many images per class"].table)[1:] == ["linear: All", "linear: Few"]
    assert "Evaluations with a few images per class" not in found
    assert found["Do the evaluations agree on Few?"].facts == ["colt over simclr: the opposite by kNN@10"]


def test_numbers_of_repeats_are_whole_in_a_table_that_was_read_again():
    noisy = gains(runs({"simclr": [1.0, 1.5, 1.1], "colt": [1.2, 1.1, 1.4]}), [("colt", "simclr")])
    needed = noisy["repeats_needed"].astype(float)  # as pandas reads a column with empty cells
    table = sections({**TABLES, "gains": noisy.assign(protocol="linear", repeats_needed=needed)}, leaders(RUNS), "",
                     [])[1].table
    assert table.loc[0, "All"].endswith(f"cannot tell ({int(needed[0])})")
