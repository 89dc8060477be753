"""Write the report as one page: every table and picture of results/ with what it shows."""

import platform
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from ballast.report.contents import intro, sections
from ballast.report.page import html, markdown
from ballast.report.pictures import shown
from ballast.report.verdicts import leaders
from ballast.runtime.files import write_atomic
from ballast.runtime.tables import read_table
from stages.common.parameters import parameters
from stages.common.supervise import run

RESULTS = Path("results")
TABLES = ("table", "gains", "protocols", "history", "closeness")


def main() -> None:
    p = parameters("repeats", "seed", "split", "threads", "portable", "dataset", "profile")
    tables = {name: read_table(RESULTS / f"{name}.csv") for name in TABLES}
    facts = [f"splits and seeds: from {p.split} and {p.seed} on, one for each of {p.repeats} repeats",
             f"threads: {p.threads}; portable: {p.portable}",
             f"Python {'.'.join(platform.python_version_tuple()[:2])}, torch "
             f"{version('torch').partition('+')[0]}, pandas {version('pandas')}"]
    runs = read_table(RESULTS / "repeats.csv")
    marks = leaders(runs[runs["protocol"] == "linear"]) if len(runs) else pd.DataFrame()
    content = sections(tables, marks, (RESULTS / "published.md").read_text(encoding="utf-8"), facts)
    title = f"Ballast: {p.dataset}, profile {p.profile}"
    first = intro(len(tables["table"]), p.dataset, p.repeats)
    pictures = {picture.file: (RESULTS / picture.file).read_bytes() for picture in shown("All" in tables["table"])}
    write_atomic(RESULTS / "report.html", html(title, first, content, pictures))
    write_atomic(RESULTS / "report.md", markdown(title, first, content))


if __name__ == "__main__":
    run(main)
