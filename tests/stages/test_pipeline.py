"""The real pipeline, end to end: complete, reproducible, unkillable, lazy, and blind to labels."""

import json
import os
import shutil
import signal
import subprocess
import time

import numpy as np
import pandas as pd

from ballast.report.tables import PROTOCOLS

GROUPS = ("Many", "Median", "Few")
KEYS = {*GROUPS, "Std", "All"}
FACTS = {"repeats", "data", "split", "seed", "processor", "device"}
LISTS = ("data/split/1/longtail.npy", "data/split/2/longtail.npy")
BLIND = {  # stages that may not see a label, and their words
    "pretrain@simclr": "simclr longtail none none",
    "pretrain@sdclr": "sdclr longtail none none",
    "pretrain@bcl-colt": "bcl-colt longtail all none",
    "pretrain@mak": "mak longtail mak none",
    "embed": "simclr",
    "score_pool": "",
    "select_pool@mak": "mak all",
    "select_pool@kcenter": "kcenter all",
    "pretrain@guide": "guide longtail all none",
    "student@guided": "guided guide",
}
RESULTS = ("runs/**/*", "data/scores/*", "data/pool/mak/**/*", "data/pool/kcenter/**/*")


def results(project):
    """Return what the stages that may not see a label have written; runs/live has the seconds of a clock."""
    return {path: content for pattern in RESULTS for path, content in project.read(pattern).items()
            if not path.startswith("runs/live/")}


def test_every_method_ends_in_metrics_and_a_row_of_the_table(finished):
    shown = finished.params()["show"]
    table = pd.read_csv(finished.folder / "results/table.csv").set_index("method")
    per_class = pd.read_csv(finished.folder / "results/per_class.csv")
    assert list(table.index) == shown
    for method in shown:
        metrics = metrics_of(finished, method)
        assert set(metrics) == {*KEYS, "se", *FACTS} and metrics["repeats"] == 2
        for name in KEYS:
            assert abs(metrics[name] - table.loc[method, name]) < 0.011
            assert abs(metrics["se"][name] - table.loc[method, f"{name} se"]) < 0.011
        classes = per_class[per_class["method"] == method]
        assert abs(classes["accuracy"].mean() - metrics["All"]) < 0.011
        for group in GROUPS:
            assert abs(classes[classes["group"] == group]["accuracy"].mean() - metrics[group]) < 0.011
    markdown = (finished.folder / "results/table.md").read_text()
    assert all(f"| {method} " in markdown for method in shown) and "population standard deviation" in markdown
    assert "standard error over the repeats" in markdown and "| bcl-colt over simclr |" in markdown
    repeats = pd.read_csv(finished.folder / "results/repeats.csv")
    assert repeats.groupby(["method", "protocol"])["split"].apply(list).map(lambda splits: splits == [1, 2]).all()
    assert set(repeats["data"]) == {"glyphs"} and repeats["processor"].nunique() == 1
    assert not list((finished.folder / ".scratch").iterdir())


def test_every_protocol_has_the_same_keys_and_a_column(finished):
    protocols = pd.read_csv(finished.folder / "results/protocols.csv").set_index("method")
    for method in finished.params()["show"]:
        metrics = metrics_of(finished, f"protocols/{method}")
        features = metrics.pop("features")
        assert set(metrics) == {*PROTOCOLS, *FACTS} - {"linear"}
        for name, label in PROTOCOLS.items():
            if name != "linear":
                assert set(metrics[name]) == {*KEYS, "se"}
                assert abs(protocols.loc[method, f"{label}: All"] - metrics[name]["All"]) < 0.011
        geometry = {f"{what}_{group.lower()}" for what in ("cosine", "purity") for group in GROUPS}
        assert set(features) == {"uniformity", "se", *geometry}
    diagnosed = metrics_of(finished, "diagnostics")
    assert {"rank correlation of tailness and count", "lean of the budget"} <= set(diagnosed["colt"])


def test_the_report_is_one_page_that_needs_no_network(finished):
    page = (finished.folder / "results/report.html").read_text()
    images = finished.read("results/*.png")
    assert all(content.startswith(b"\x89PNG") for content in images.values())
    assert all(f'<th scope="row">{method}</th>' in page for method in finished.params()["show"])
    assert page.count("data:image/png") == len(images) == 10 and "http" not in page
    assert (finished.folder / "results/report.md").read_text().count("![") == 10


def metrics_of(project, name: str) -> dict:
    """Return the metrics of a file."""
    return json.loads((project.folder / f"metrics/{name}.json").read_text())


def test_a_second_run_does_nothing(finished):
    assert finished.repro() == []


def test_a_parameter_of_a_row_reruns_that_row_alone_and_going_back_retrains_nothing(finished):
    before = finished.read("metrics/*.json")
    finished.change({"selections.mak.alpha": 0.9})
    reran = set(finished.repro())
    of_mak = {f"{stage}@mak" for stage in ("select_pool", "pretrain", "evaluate")}
    assert {"check", "select_pool@mak"} <= reran
    assert reran <= {"check", "recipes", "preflight", "diagnose", "report", "inspect_selection", "report_page", *of_mak}
    changed = finished.read("metrics/*.json")
    assert {name for name in before if before[name] != changed[name]} <= {"metrics/mak.json", "metrics/closeness.json"}
    shown = finished.run("dvc", "metrics", "diff", "HEAD").stdout
    assert ("metrics/mak.json" in shown) == (before != changed)
    finished.restore("params.yaml")
    assert finished.repro() == []
    assert finished.read("metrics/*.json") == before


def test_an_edited_idea_is_named_and_makes_its_rows_stale_alone(finished):
    file = "src/ballast/ideas/bcl.py"
    with open(finished.folder / file, "a") as code:
        code.write("\n# edited\n")
    try:
        assert "src/ballast/ideas" in finished.run("dvc", "status", "recipes").stdout
        finished.repro("recipes")
        trainings = {"student@guided", *(f"pretrain@{row}" for row in ("simclr", "mak", "colt", "bcl-colt", "guide"))}
        stale = json.loads(finished.run("dvc", "status", "--json", *trainings).stdout)
        assert set(stale) == {"pretrain@bcl-colt"}
    finally:
        finished.restore(file)
        assert finished.repro() == []


def test_metrics_and_plots_show_without_the_cache(finished, tmp_path):
    clone = tmp_path / "clone"
    finished.run("git", "clone", "-q", str(finished.folder), str(clone))
    there = {"cwd": clone, "env": finished.environment, "text": True, "capture_output": True, "check": True}
    assert "metrics/colt.json" in subprocess.run(["dvc", "metrics", "show"], **there).stdout
    subprocess.run(["dvc", "plots", "show", "-o", "page"], **there)
    page = (clone / "page" / "index.html").read_text()
    assert "Accuracy by group" in page and "colt" in page


def test_labels_never_reach_training_or_selection(finished):
    """Permute the labels of the training list: every encoder and every selection keeps its bytes."""
    before = results(finished)
    labels = finished.folder / "data/labels/train.npy"
    original = np.load(labels)
    listed = np.unique(np.concatenate([np.load(finished.folder / path) for path in LISTS]))
    permuted = original.copy()
    permuted[listed] = np.random.default_rng(0).permutation(original[listed])
    assert (permuted != original).any()
    labels.unlink()  # it may be a link into the cache
    np.save(labels, permuted)
    shutil.rmtree(finished.folder / ".dvc/tmp/finished", ignore_errors=True)  # whence unchanged trainings come back
    try:
        for name, words in BLIND.items():
            finished.stage(f"{name.split('@')[0]} {words}", DVC_STAGE=name)
        assert results(finished) == before
    finally:
        labels.unlink()
        np.save(labels, original)


def test_killed_in_the_middle_and_run_again_gives_the_same_bytes(finished, make_project):
    """Also the test of a run from nothing in another folder: another clone, another cache, the same hashes."""
    project = make_project()
    run = subprocess.Popen(["dvc", "repro", "evaluate@bcl-colt"], cwd=project.folder, env=project.environment,
                           start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not list(project.folder.glob(".scratch/pretrain@bcl-colt/*/state.pt")):
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert "pretrain@bcl-colt" in project.repro("evaluate@bcl-colt")
    whole, killed = finished.lock(), project.lock()
    assert {"pretrain@bcl-colt", "evaluate@bcl-colt"} <= set(killed)
    del killed["check"]  # it depends on params.yaml as a file, which shows other rows here
    assert killed == {name: whole[name] for name in killed}
    assert not list((project.folder / ".scratch").iterdir())
