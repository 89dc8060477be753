"""The real pipeline, end to end: complete, reproducible, unkillable, lazy, and blind to labels."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import yaml

BLIND = {  # stages that may not see a label, as dvc.yaml calls them
    "pretrain@simclr": "pretrain.py simclr data/split/longtail.npy data/split/longtail.npy",
    "pretrain@sdclr": "pretrain.py sdclr data/split/longtail.npy data/split/longtail.npy",
    "pretrain@bcl-colt": "pretrain.py bcl-colt data/split/longtail.npy data/pool/store",
    "pretrain@mak": "pretrain.py mak data/split/longtail.npy runs/mak/selected",
    "embed": "embed.py simclr",
    "score": "score.py",
    "select_pool@mak": "select_pool.py mak",
    "select_pool@kcenter": "select_pool.py kcenter",
    "pretrain@guided": "pretrain.py guided data/split/longtail.npy data/pool/store",
    "student@guided": "student.py guided data/split/longtail.npy",
}


def test_every_method_ends_in_metrics_and_a_row_of_the_table(finished):
    shown = yaml.safe_load((finished.folder / "params.yaml").read_text())["show"]
    table = pd.read_csv(finished.folder / "results/table.csv").set_index("method")
    per_class = pd.read_csv(finished.folder / "results/per_class.csv")
    assert list(table.index) == shown
    for method in shown:
        metrics = json.loads((finished.folder / f"metrics/{method}.json").read_text())
        assert metrics == table.loc[method].to_dict()
        own = per_class[per_class["method"] == method]
        assert abs(own["accuracy"].mean() - metrics["All"]) < 0.011
        for group in ("Many", "Median", "Few"):
            assert abs(own[own["group"] == group]["accuracy"].mean() - metrics[group]) < 0.011
        assert abs(np.std([metrics[group] for group in ("Many", "Median", "Few")]) - metrics["Std"]) < 0.011
    markdown = (finished.folder / "results/table.md").read_text()
    protocols = pd.read_csv(finished.folder / "results/protocols.csv").set_index("method")
    for protocol, column in (("fewshot", "few-shot: All"), ("imbalanced", "imbalanced: All"),
                             ("finetune", "few-shot, fine-tuned: All")):
        for method in shown:
            metrics = json.loads((finished.folder / f"metrics/{protocol}/{method}.json").read_text())
            assert set(metrics) == {"Many", "Median", "Few", "Std", "All"}
            assert protocols.loc[method, column] == metrics["All"]
    assert list(json.loads((finished.folder / "metrics/knn/colt.json").read_text())) == ["k=20, t=0.07"]
    assert all(f"| {method} " in markdown for method in shown) and "population standard deviation" in markdown
    assert all(content.startswith(b"\x89PNG") for content in finished.read("results/*.png").values())
    page = (finished.folder / "results/report.html").read_text()
    assert all(f"<td>{method}</td>" in page for method in shown) and page.count("data:image/png") == 8
    assert "http" not in page and (finished.folder / "results/report.md").read_text().count("![") == 8
    assert not list((finished.folder / ".scratch").iterdir())


def test_a_second_run_does_nothing_quickly(finished):
    start = time.monotonic()
    assert finished.repro() == []
    assert time.monotonic() - start < 15


def test_a_method_of_its_own_reruns_alone_and_going_back_retrains_nothing(finished):
    before = finished.read("metrics/*.json")
    finished.replace("params.yaml", "alpha: 0.3", "alpha: 0.9")
    reran = set(finished.repro())
    own = {f"{stage}@mak" for stage in ("select_pool", "pretrain", "linear", "finetune")}
    assert {"check", "select_pool@mak"} <= reran <= {"check", "fit", "report", "look", "page", *own}
    changed = finished.read("metrics/*.json")
    assert {name for name in before if before[name] != changed[name]} <= {"metrics/mak.json", "metrics/likeness.json"}
    shown = finished.run("dvc", "metrics", "diff", "HEAD").stdout
    assert ("metrics/mak.json" in shown) == (before != changed)
    finished.replace("params.yaml", "alpha: 0.9", "alpha: 0.3")
    assert finished.repro() == []
    assert finished.read("metrics/*.json") == before


def test_metrics_and_plots_show_without_the_cache(finished, tmp_path):
    clone = tmp_path / "clone"
    finished.run("git", "clone", "-q", str(finished.folder), str(clone))
    here = {"cwd": clone, "env": finished.environment, "text": True, "capture_output": True, "check": True}
    assert "metrics/colt.json" in subprocess.run(["dvc", "metrics", "show"], **here).stdout
    subprocess.run(["dvc", "plots", "show", "-o", "page"], **here)
    page = (clone / "page" / "index.html").read_text()
    assert "Accuracy by group" in page and "colt" in page


def test_labels_never_reach_training_or_selection(finished):
    """Permute the labels of the training list: every encoder and every selection keeps its bytes."""
    before = {**finished.read("runs/**/*"), **finished.read("data/scores.csv")}
    labels = finished.folder / "data/labels/train.npy"
    original, listed = np.load(labels), np.load(finished.folder / "data/split/longtail.npy")
    permuted = original.copy()
    permuted[listed] = np.random.default_rng(0).permutation(original[listed])
    assert (permuted != original).any()
    labels.unlink()  # it may be a link into the cache
    np.save(labels, permuted)
    try:
        for name, command in BLIND.items():
            finished.run("python", *f"stages/{command}".split(), DVC_STAGE=name)
        assert {**finished.read("runs/**/*"), **finished.read("data/scores.csv")} == before
    finally:
        labels.unlink()
        np.save(labels, original)
    graph = yaml.safe_load((finished.folder / "dvc.yaml").read_text())["stages"]
    for name in ("pretrain", "embed", "score", "select_pool", "student"):
        stage = graph[name].get("do", graph[name])
        assert not [dep for dep in stage["deps"] if "label" in dep]


def test_killed_in_the_middle_and_run_again_gives_the_same_bytes(finished, make_project):
    """Also the test of a run from nothing in another folder: another clone, another cache, the same hashes."""
    project = make_project()
    run = subprocess.Popen(["dvc", "repro", "linear@bcl-colt"], cwd=project.folder, env=project.environment,
                           start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not list(project.folder.glob(".scratch/pretrain@bcl-colt/*/state.pt")):
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert "pretrain@bcl-colt" in project.repro("linear@bcl-colt", "linear@guided")
    whole, killed = (yaml.safe_load((p.folder / "dvc.lock").read_text())["stages"] for p in (finished, project))
    assert {"pretrain@bcl-colt", "student@guided"} <= set(killed)
    assert killed == {name: whole[name] for name in killed}
    assert not list((project.folder / ".scratch").iterdir())
