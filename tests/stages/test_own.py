"""A user's own images through the real pipeline: with no label at all, with a folder to evaluate on, by given lists."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ballast.images.store import OnDisk, load_store
from ballast.sources import glyphs
from stages.common.repeats import Repeat
from tests.project import ran

pytestmark = pytest.mark.long

OWN, SMOKE = "configs/datasets/own.yaml", "configs/profiles/smoke.yaml"
ROWS = ("balanced", "simclr", "mak", "colt")
FACTS = {"repeats", "data", "split", "seed", "processor", "device"}
CROPS = {f"{protocol}.crop": [0.3, 1.0] for protocol in ("sgd", "sgd_fewshot", "finetune")}


def pictures(root, part, per_class, flat):
    """Glyphs as JPEG files of several sizes, one folder per class, or all in one; returns their paths."""
    images, labels = glyphs.labelled(per_class, 16, 0, part)
    paths = []
    for number, (image, label) in enumerate(zip(images, labels)):
        folder = root if flat else root / glyphs.CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        side = (24 + number % 3 * 8, 24 + number % 2 * 16)
        paths.append(folder / f"{number:04}.jpg")
        Image.fromarray(image[0]).resize(side).save(paths[-1])
    return paths


def heap(root, count=200):
    root.mkdir()
    for number, image in enumerate(glyphs.pool(count // 2, count // 2, 16, 0)[0]):
        Image.fromarray(image[0]).resize((40, 30)).save(root / f"{number:04}.jpg")


@pytest.fixture(scope="module")
def unlabelled(make_project, tmp_path_factory):
    """A finished project of four rows on images without labels."""
    project, root = make_project(), tmp_path_factory.mktemp("images")
    pictures(root / "in_domain", "train", 15, flat=True)
    heap(root / "pool")
    project.change({"dataset": "own", "show": list(ROWS)})
    project.change({"source.in_domain": f"{root}/in_domain", "source.pool": f"{root}/pool", "source.size": 16}, OWN)
    project.commit()
    project.ran = project.repro("report_page")
    project.commit()
    return project


def test_only_the_rows_that_are_shown_are_trained(unlabelled):
    trained = {name for name in unlabelled.ran if name.startswith(("pretrain@", "student@"))}
    assert trained == {f"pretrain@{row}" for row in ROWS}
    assert {name for name in unlabelled.ran if name.startswith("select_pool@")} == {"select_pool@mak"}
    assert {name for name in unlabelled.ran if name.startswith("evaluate@")} == {f"evaluate@{row}" for row in ROWS}


def test_without_labels_it_trains_selects_and_exports(unlabelled):
    for folder in ("simclr", "mak", "colt"):
        assert (unlabelled.folder / f"runs/{folder}/1/encoder.safetensors").is_file()
        assert len(pd.read_csv(unlabelled.folder / f"runs/{folder}/2/history.csv")) == 4
    chosen = pd.read_csv(unlabelled.folder / "data/pool/mak/1/selected.csv")
    assert len(chosen) == 100 and chosen["path"].str.contains("/pool/").all() and chosen["q"].notna().all()
    trace = pd.read_csv(unlabelled.folder / "runs/colt/1/trace.csv")
    assert len(trace) == 3 * 100 and trace["path"].str.contains("/pool/").all()
    assert len(np.load(unlabelled.folder / "data/split/1/longtail.npy")) == 15 * len(glyphs.CLASSES)


def test_without_labels_what_is_known_is_reported_and_nothing_else(unlabelled):
    for method in ("simclr", "mak", "colt"):
        assert set(json.loads((unlabelled.folder / f"metrics/{method}.json").read_text())) == FACTS
        others = json.loads((unlabelled.folder / f"metrics/protocols/{method}.json").read_text())
        assert set(others) == {"features", *FACTS} and set(others["features"]) == {"uniformity", "se"}
        assert others["features"]["uniformity"] < 0
    table = pd.read_csv(unlabelled.folder / "results/table.csv")
    assert table["method"].tolist() == ["simclr", "mak", "colt"]  # there is no balanced list to train on
    size = 15 * len(glyphs.CLASSES)
    assert table["images"].tolist() == [size, size + 100, size + 100] and table["uniformity"].notna().all()
    text = (unlabelled.folder / "results/table.md").read_text()
    assert "No labels, so no accuracy" in text and "nan" not in text
    rounds = pd.read_csv(unlabelled.folder / "results/rounds.csv")
    assert set(rounds["method"]) == {"colt"} and pd.read_csv(unlabelled.folder / "results/ecle.csv").empty
    assert all(content.startswith(b"\x89PNG") for content in unlabelled.read("results/*.png").values())
    page = (unlabelled.folder / "results/report.html").read_text()
    assert "There are no labelled test images" in page and page.count("data:image/png") == 4  # what needs no labels


def test_the_exported_encoder_embeds_a_folder(unlabelled):
    pool = pd.read_parquet(unlabelled.folder / "data/pool/manifest.parquet")["path"][0].rsplit("/", 1)[0]
    words = {"--encoder": "runs/colt/1/encoder.safetensors", "--images": pool, "--out": "features.npy"}
    unlabelled.run("python", "-m", "ballast.cli", "embed", *(word for pair in words.items() for word in pair))
    assert np.load(unlabelled.folder / "features.npy").shape == (200, 32)


def test_files_are_decoded_as_they_are_needed_and_an_evaluation_folder_gives_accuracy(make_project, tmp_path):
    project = make_project()
    pictures(tmp_path / "in_domain", "train", 15, flat=False)
    pictures(tmp_path / "evaluation", "test", 20, flat=False)
    heap(tmp_path / "pool")
    for number, path in enumerate((tmp_path / "evaluation/A").iterdir()):  # half of them will be test images
        (tmp_path / f"in_domain/A/copy{number}.jpg").write_bytes(path.read_bytes())
    project.change({"dataset": "own", "show": ["simclr", "colt", "guided"]})
    folders = {f"source.{name}": f"{tmp_path}/{name}" for name in ("in_domain", "pool", "evaluation")}
    project.change({**folders, "source.size": 16, "source.short": 18, "source.where": "files"}, OWN)
    project.change(CROPS, SMOKE)
    project.commit()
    project.repro("evaluate@colt", "evaluate@guided", "select_pool@mak")
    for method in ("colt", "guided"):
        metrics = json.loads((project.folder / f"metrics/{method}.json").read_text())
        assert set(metrics) == {"Many", "Median", "Few", "Std", "All", "se", *FACTS} and 2 < metrics["All"] <= 100
    others = json.loads((project.folder / "metrics/protocols/colt.json").read_text())
    assert others["imbalanced"]["All"] > 0 and others["finetune"]["All"] > 0
    counts = np.load(project.folder / "data/labels/split/1/counts.npy").tolist()
    assert counts == [35 if name == "A" else 15 for name in sorted(glyphs.CLASSES)]
    said = project.stage("preflight", DVC_STAGE="preflight").stdout
    assert said.startswith("preflight: 20 of the 640 in-domain images have the pixels of a test image")
    selected = load_store(project.folder / "data/pool/mak/1")
    assert isinstance(selected, OnDisk) and len(selected) == 100 and selected.views(torch.arange(100)).std() > 0.05
    assert not list(project.folder.glob("data/**/images.npy"))  # no pixel is stored


def test_given_lists_are_the_split(make_project, tmp_path):
    project, lists = make_project(), {}
    train = pictures(tmp_path / "data/train", "train", 12, flat=False)
    test = pictures(tmp_path / "data/test", "test", 5, flat=False)
    heap(tmp_path / "pool")
    label = {name: number for number, name in enumerate(glyphs.CLASSES)}
    chosen = {"longtail": train[::3], "few": train[:4], "probe": [path for path in train if path not in train[1::6]],
              "val": train[1::6], "test": test}
    for name, paths in chosen.items():
        lists[name] = str(tmp_path / f"{name}.txt")
        (tmp_path / f"{name}.txt").write_text("".join(
            f"{path.relative_to(tmp_path / 'data')} {label[path.parent.name]}\n" for path in paths))
    project.change({"dataset": "places_lt"})
    project.change({"groups": "thirds", "source": {
        "kind": "lists", "root": str(tmp_path / "data"), "pool": str(tmp_path / "pool"), "size": 16, **lists}},
        "configs/datasets/places_lt.yaml")
    project.repro("preflight")
    stored = pd.read_csv(project.folder / "data/images/train/files.csv")["path"].to_numpy()
    labels = np.load(project.folder / "data/labels/train.npy")
    for name in ("longtail", "few", "probe", "val"):
        rows = np.load(project.folder / Repeat(1, 1, 1).list(name))
        assert sorted(stored[rows]) == sorted(map(str, chosen[name])), name
        assert [label[path.split("/")[-2]] for path in stored[rows]] == labels[rows].tolist()
    assert len(np.load(project.folder / "data/split/1/balanced.npy")) == 0
    counts = np.load(project.folder / "data/labels/split/1/counts.npy")
    assert counts.tolist() == np.bincount([label[path.parent.name] for path in chosen["longtail"]]).tolist()


def test_what_does_not_fit_the_images_is_one_line_before_any_training(unlabelled):
    unlabelled.change({"sampling.budget": 201}, SMOKE)
    try:
        done = unlabelled.run("dvc", "repro", "pretrain@colt", check=False)
        assert "preflight: configs/profiles/smoke.yaml: sampling.budget: expected at most 200" in done.stdout
        assert done.returncode != 0 and not [name for name in ran(done.stdout) if name.startswith("pretrain@")]
    finally:
        unlabelled.restore(SMOKE)
    recipe = unlabelled.folder / "data/recipes/pretrain/guide.yaml"
    text = recipe.read_text()
    recipe.unlink()  # it may be a link into the cache
    recipe.write_text(text.replace("clusters: 10", "clusters: 301"))
    try:
        done = unlabelled.stage("preflight", check=False, DVC_STAGE="preflight")
        assert done.returncode == 1 and done.stdout.count("\n") == 1
        assert "methods.guide.pretrain.colt.clusters: expected at most 300, the in-domain images" in done.stdout
    finally:
        unlabelled.run("dvc", "checkout", "-q", "--force", "data/recipes")


def test_labels_that_come_later_retrain_nothing_and_an_export_is_a_stage(unlabelled, tmp_path):
    pictures(tmp_path / "evaluation", "test", 8, flat=False)
    before = unlabelled.read("runs/*/1/encoder.safetensors")
    unlabelled.change({"source.evaluation": f"{tmp_path}/evaluation"}, OWN)
    unlabelled.change(CROPS, SMOKE)
    unlabelled.change({"export": ["colt"]})
    rerun = unlabelled.repro("export@colt")
    assert {"images", "split", "evaluate@simclr", "evaluate@colt", "report", "export@colt"} <= set(rerun)
    assert not [name for name in rerun if name.startswith(("pretrain", "student", "embed", "score", "select"))]
    assert unlabelled.read("runs/*/1/encoder.safetensors") == before
    assert 2 < json.loads((unlabelled.folder / "metrics/colt.json").read_text())["All"] <= 100
    text = (unlabelled.folder / "results/table.md").read_text()
    assert f"classifiers train on half of {tmp_path}/evaluation and are tested on the other half" in text
    exported = unlabelled.folder / "exported/colt"
    assert {path.name for path in exported.iterdir()} == {"README.md", "encoder.onnx", "encoder.safetensors"}
    assert (exported / "encoder.safetensors").read_bytes() == before["runs/colt/1/encoder.safetensors"]
    card = (exported / "README.md").read_text()
    assert "| linear" in card and "different pool images" in card and "No label was used" in card
