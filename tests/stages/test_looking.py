"""What people look at beside the report: DVC's plots without a network, the time of every stage."""

import json
import re

import pandas as pd

from scripts.plots import offline
from scripts.times import table
from stages.inspect_selection import SELECTED
from tests import ROOT


def test_one_table_holds_the_choices_of_all_rows(finished):
    chosen = pd.read_parquet(finished.folder / "data/selected.parquet")
    assert list(chosen.columns) == SELECTED and set(chosen["repeat"]) == {1, 2}
    mak = chosen[(chosen["row"] == "mak") & (chosen["repeat"] == 2)]
    selected = pd.read_csv(finished.folder / "data/pool/mak/2/selected.csv")
    assert mak["pool"].tolist() == selected["pool"].tolist() and mak["round"].isna().all()
    assert (mak["score"] - selected["q"].to_numpy()).abs().max() < 1e-3
    trace = pd.read_csv(finished.folder / "runs/colt/1/trace.csv")
    colt = chosen[(chosen["row"] == "colt") & (chosen["repeat"] == 1)]
    assert colt["round"].tolist() == trace["epoch"].tolist() and colt["cluster"].tolist() == trace["cluster"].tolist()
    assert chosen[["few", "x", "y"]].notna().all().all()


def test_the_pool_is_measured_before_it_is_trained_on(finished):
    finished.run("dvc", "repro", "suitability")
    metrics = json.loads((finished.folder / "metrics/suitability.json").read_text())
    assert {"coverage", "separability", "duplicates"} <= set(metrics["se"]) and 0 <= metrics["coverage"] <= 1
    assert (finished.folder / "results/suitability.md").read_text().startswith("# Will this pool help?")
    assert list(pd.read_csv(finished.folder / "results/leaks.csv").columns) == ["pool", "other", "cosine", "path"]


def test_plots_load_nothing_and_draw_all_that_waits(finished):
    said = finished.run("python", "-m", "scripts.plots").stdout
    assert said.splitlines()[-1] == "dvc_plots/index.html" and "failed" not in said
    page = (finished.folder / "dvc_plots/index.html").read_text()
    assert not re.findall(r'src="http|<link|@import', page)
    head, plots = page.split("</head>", maxsplit=1)
    assert "function vegaEmbed" in head and plots.count("vegaEmbed('#") == 3
    assert plots.index("vegaEmbed('#") < plots.index('<script type="module">')
    assert set(re.findall(r"workspace_results_(\w+)\.png", page)) == {
        path.stem for path in (finished.folder / "results").glob("*.png")}


def test_plots_beside_another_commit(finished):
    finished.run("python", "-m", "scripts.plots", "HEAD")
    assert "HEAD_results_groups.png" in (finished.folder / "dvc_plots/index.html").read_text()


def test_a_script_within_vega_does_not_end_it():
    page = offline("<head></head><body></body>", "draw('</script>')")
    assert page.count("</script>") == 2


def test_a_method_has_one_color_in_all_plots_of_dvc():
    ranges = [json.loads(re.search(r'"color": .*?"scale": (\{.*?\})', path.read_text(), re.DOTALL)[1])["range"]
              for path in (ROOT / ".dvc/plots").glob("*.json")]
    assert len(ranges) > 2 and all(colors == ranges[0] for colors in ranges)
    assert len(set(ranges[0])) == len(ranges[0]) == 12


def test_every_stage_notes_its_time(finished):
    said = finished.run("python", "-m", "scripts.times").stdout
    rows = {cells[2]: cells[3:6] for line in said.splitlines()[2:] if (cells := [c.strip() for c in line.split("|")])}
    assert set(finished.lock()) <= set(rows)  # of other tests' rows as well
    history = pd.concat([pd.read_csv(finished.folder / f"runs/colt/{repeat}/history.csv") for repeat in (1, 2)])
    seconds, images, rate = rows["pretrain@colt"]
    assert int(images) == history["images"].sum() and float(rate) > 0 and float(seconds) > 0
    assert rows["split"][1:] == ["", ""]


def test_the_last_time_of_a_stage_counts_apart_for_each_experiment():
    notes = pd.DataFrame({"experiment": ["", "", "a"], "stage": ["embed", "embed", "embed"],
                          "seconds": [10.0, 5.0, 2.0], "images": [100.0, 100.0, None]})
    shown = table(notes)
    assert shown["seconds"].tolist() == [5.0, 2.0] and shown["images/s"].fillna(0).tolist() == [20.0, 0.0]
