"""The report in a browser: at every width, by keyboard, by a screen reader and on paper; skipped without Chromium."""

import pandas as pd
import pytest

from ballast.report.comparisons import by_group, forest
from ballast.report.contents import TERMS, WHAT_IT_DOES
from ballast.report.page import Section, html
from ballast.report.tables import gains_as_text, summary, with_errors
from ballast.report.verdicts import gains, leaders
from tests.browser import CHROMIUM, Browser
from tests.report.runs import runs

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here; the variable CHROMIUM names one")

ROWS = list(WHAT_IT_DOES)
RUNS = runs({row: [40.0 + place, 42 + place, 44.5 + place] for place, row in enumerate(ROWS)})
PAIRS = [(row, "simclr") for row in ROWS if row != "simclr"]
CONTRAST = """(() => {
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, place) => sum + v * [.2126, .7152, .0722][place], 0);
  const behind = node => { for (; node; node = node.parentElement) {
    const color = parts(getComputedStyle(node).backgroundColor); if (color[3] !== 0) return color; }
    return [255, 255, 255]; };
  const ratios = [...document.querySelectorAll("h1, h2, p, a, li, th, td, label, legend")].map(node => {
    const [low, high] = [light(parts(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => a - b);
    return (high + .05) / (low + .05); });
  return Math.min(...ratios); })()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser that shows a report of fifteen rows."""
    table, leading = summary(RUNS), leaders(RUNS)
    wide = pd.concat([with_errors(table).add_suffix(f" {number}").rename(columns={f"method {number}": "method"})
                      if number else with_errors(table) for number in range(6)], axis=1)
    wide = wide.loc[:, ~wide.columns.duplicated()]
    sections = [Section("Methods", "Accuracy.", with_errors(table), leading, facts=TERMS),
                Section("Verdicts", "Gains.", gains_as_text(gains(RUNS, PAIRS))), Section("All", "Wide.", wide),
                Section("Points", "Every row.", pictures=["groups.png"]),
                Section("Gains", "Every pair.", pictures=["gains.png"]),
                Section("Published", "As text.", verbatim="| a | b |\n|---|---|\n| 1 | 2 |\n")]
    pictures = {"groups.png": by_group(table, leading), "gains.png": forest(gains(RUNS, PAIRS))}
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(html("Fifteen rows", "On nothing.", sections, pictures), encoding="utf-8")
    found = Browser(page)
    yield found
    found.close()


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_page_fits_a_phone_a_laptop_and_a_large_screen(browser, width):
    browser.resize(width)
    assert browser.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert browser.run("[...document.images].every(image => image.naturalWidth > 0 && image.width <= innerWidth)")
    box = "document.querySelector('fieldset')"
    assert browser.run(f"{box}.scrollHeight <= {box}.clientHeight"), "every row can be seen in it"
    scrolls = browser.run("[...document.querySelectorAll('.wide')].some(part => part.scrollWidth > part.clientWidth)")
    assert scrolls, "a table that is too wide scrolls by itself"


def test_it_asks_nobody_for_anything_and_has_no_error(browser):
    asked = [event["params"]["request"]["url"] for event in browser.events
             if event["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == [] and asked
    assert not [event for event in browser.events if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]


def test_a_box_hides_a_row_and_its_pairs_and_brings_them_back(browser):
    shown = ("[...document.querySelectorAll('tbody tr')].filter(line => !line.hidden)"
             ".map(line => line.cells[0].textContent)")
    click = "[...document.querySelectorAll('label')].find(label => label.textContent == ' mak').firstChild.click()"
    before = browser.run(shown)
    browser.run(click)
    assert browser.run(shown) == [line for line in before if "mak" not in line.split(" over ")]
    assert len(browser.run(shown)) == len(before) - 3, "one in both tables of rows, one among the pairs"
    browser.run(click)
    assert browser.run(shown) == before


def test_the_keyboard_reaches_links_boxes_and_tables_and_one_sees_where_it_is(browser):
    browser.resize(1280)
    browser.run("document.body.focus(), window.scrollTo(0, 0)")
    reached = []
    for _ in range(40):
        browser.press("Tab", 9)
        reached.append(browser.run("document.activeElement.tagName + ' ' + (document.activeElement.type || '')"))
        outline = browser.run("getComputedStyle(document.activeElement).outlineStyle")
        assert reached[-1].startswith("BODY") or outline == "solid", reached[-1]
    assert {"A ", "INPUT checkbox", "DIV "} <= set(reached)
    browser.run("document.querySelector('input').focus()")
    browser.press(" ", 32, " ")
    assert browser.run("document.querySelector('input').checked") is False
    browser.press(" ", 32, " ")
    assert browser.run("document.querySelector('input').checked") is True


def test_a_screen_reader_has_names_for_pictures_boxes_and_the_lines_of_tables(browser):
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    names: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            names.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert names["image"] == ["Points. Every row.", "Gains. Every pair."]
    assert names["checkbox"] == ROWS and set(ROWS) <= set(names["rowheader"])
    assert {"Methods", "Verdicts", "All"} <= set(names["region"]) and "Sections" in names["navigation"]


def test_text_has_the_contrast_that_wcag_asks_for(browser):
    assert browser.run(CONTRAST) >= 4.5


def test_on_paper_there_are_no_boxes_and_no_table_is_cut_off(browser):
    browser.call("Emulation.setEmulatedMedia", media="print")
    hidden = "[...document.querySelectorAll('nav, fieldset')].every(part => getComputedStyle(part).display == 'none')"
    assert browser.run(hidden)
    assert browser.run("[...document.querySelectorAll('.wide')].every(part => "
                       "getComputedStyle(part).overflowX == 'visible')")
    browser.call("Emulation.setEmulatedMedia", media="")
