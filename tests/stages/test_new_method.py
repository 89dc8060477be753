"""A new method, added in exactly the places that docs/methods.md names: it is everywhere, and no other row trains."""

import json
import re

import pandas as pd
import pytest

from tests import ROOT

pytestmark = pytest.mark.long

PAGE = (ROOT / "docs/methods.md").read_text(encoding="utf-8")
ROW, IDEA = "colt-head", "colt_head"


@pytest.fixture(scope="module")
def ran(finished):
    """Add the example of the page to a finished project, run it to the report, and take it away again."""
    example = PAGE.split("### Example: COLT that prefers the head")[1]
    (code,), (row,) = (re.findall(rf"^```{kind}\n(.*?)^```", example, re.MULTILINE | re.DOTALL)
                       for kind in ("python", "yaml"))
    (finished.folder / f"src/ballast/ideas/{IDEA}.py").write_text(code)
    params = (finished.folder / "params.yaml").read_text()
    (finished.folder / "params.yaml").write_text(params.replace("\nstudents:", f"\n{row}students:"))
    finished.change({"show": [*finished.params()["show"], ROW]})
    (finished.folder / f"docs/methods/{ROW}.md").write_text(f"# COLT that prefers the head\n\nRows: `{ROW}`.\n")
    yield finished.repro("report_page")
    finished.git("clean", "-qfd", "src", "docs")
    finished.git("reset", "-q", "--hard")
    finished.run("dvc", "checkout", "-q", "--force", check=False)  # of rows that are not shown there is nothing


def test_it_trains_alone(ran):
    of_rows = ("pretrain@", "student@", "embed", "score_pool", "select_pool@", "evaluate@")
    reran = {name for name in ran if name.startswith(of_rows)}
    assert reran == {f"pretrain@{ROW}", f"evaluate@{ROW}"}
    assert {"diagnose", "inspect_selection", "report", "report_page"} <= set(ran)


def test_it_is_another_method_than_colt(finished, ran):
    traces = [pd.read_csv(finished.folder / f"runs/{row}/1/trace.csv") for row in ("colt", ROW)]
    assert len(traces[0]) == len(traces[1]) and not traces[0]["pool"].equals(traces[1]["pool"])
    recipe = (finished.folder / f"data/recipes/pretrain/{ROW}.yaml").read_text()
    assert f"src/ballast/ideas/{IDEA}.py" in recipe and "src/ballast/ideas/colt.py" in recipe


@pytest.mark.parametrize("table", [
    "table", "protocols", "groups", "per_class", "history", "tailness", "rounds", "by_round", "closeness",
    "repeats"])
def test_every_table_has_it(finished, ran, table):
    rows = pd.read_csv(finished.folder / f"results/{table}.csv").groupby("method").size()
    assert rows[ROW] == rows["colt"]


def test_every_diagnostic_and_the_report_have_it(finished, ran):
    diagnosed = json.loads((finished.folder / "metrics/diagnostics.json").read_text())
    assert set(diagnosed[ROW]) == set(diagnosed["colt"])
    close = json.loads((finished.folder / "metrics/closeness.json").read_text())
    assert set(close[ROW]) == set(close["colt"])
    for name in ("table.md", "report.md", "report.html"):
        assert ROW in (finished.folder / "results" / name).read_text(), name
