"""The report page: it needs no network, shows marked cells, and escapes the data."""

import re
from html.parser import HTMLParser

import pandas as pd

from ballast.report.page import Section, html, markdown

TABLE = pd.DataFrame({"method": ["simclr", "<b>colt</b>"], "Few": [30.0, 41.25], "Std": [8.16, 4.7],
                      "All": [45.5, 45.5], "none": [float("nan")] * 2})
MARKS = pd.DataFrame({"Few": [False, True], "Std": [False, True], "All": [True, True]})
SECTIONS = [Section("Methods", "a & b", TABLE, marks=MARKS),
            Section("Picture", "seen", pictures=["a.png"], facts=["seed: 1"], verbatim="| x |\n|---|\n")]


class Cells(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.cells, self.marked, self.open = [], [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img"):
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and (self.open[-1][0] == "td" or self.open[-1] == ("th", {"scope": "row"})):
            self.cells.append(data)
            if self.open[-1][1].get("class") == "marked":
                self.marked.append(data)


def test_marked_cells_stand_out():
    page = Cells(html("t", "i", SECTIONS, {"a.png": b"PNG"}))
    assert page.cells == ["simclr", "30.00", "8.16", "45.50", "–", "<b>colt</b>", "41.25", "4.70", "45.50", "–"]
    assert page.marked == ["45.50", "41.25", "4.70", "45.50"]


def test_it_stands_alone():
    text = html("t", "i", SECTIONS, {"a.png": b"PNG"})
    assert 'src="data:image/png;base64,UE5H"' in text and "width=device-width" in text
    assert not re.findall(r"https?://|<script .|<link|url\(|fetch|import", text)
    assert "<th>x</th>" in text
    assert "a &amp; b" in text and "<b>colt" not in text and text == html("t", "i", SECTIONS, {"a.png": b"PNG"})


def test_it_can_be_read_without_eyes_without_a_mouse_and_on_paper():
    text = html("t", "i", SECTIONS, {"a.png": b"PNG"})
    for number, section in enumerate(SECTIONS, 1):
        assert f'<a href="#section-{number}">{section.title}</a>' in text
        assert f'<h2 id="section-{number}">{section.title}</h2>' in text
    assert 'alt="Picture. seen"' in text and text.count('tabindex="0"') == 2 and '<th scope="col">Few</th>' in text
    assert '<fieldset id="rows" hidden>' in text and "@media print" in text and '<html lang="en">' in text


def test_markdown_links_its_pictures_and_shows_marks_in_bold():
    lines = markdown("t", "i", SECTIONS).splitlines()
    assert lines[0] == "# t" and "![Picture](a.png)" in lines and "- seed: 1" in lines and "| x |" in lines
    row = next(line for line in lines if "colt" in line)
    assert [cell.strip() for cell in row.split("|")[1:6]] == ["<b>colt</b>", "**41.25**", "**4.70**", "**45.50**", "–"]
