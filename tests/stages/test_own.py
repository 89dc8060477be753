"""A user's own images through the real pipeline: with no label at all, with a folder to evaluate on, by given lists."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from ballast.images.store import OnDisk, load_store
from ballast.sources import glyphs

OWN = "seed: data/external/seed\n      pool: data/external/pool\n      evaluation: null\n      size: 32"
CROPS = {"linear": [0.3, 1.0], "fewshot": [0.3, 1.0], "finetune": [0.3, 1.0]}


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


def show(project, *methods):
    """The rows of the report."""
    text = (project.folder / "params.yaml").read_text()
    line = next(line for line in text.splitlines() if line.startswith("show:"))
    project.replace("params.yaml", line, f"show: [{', '.join(methods)}]")


@pytest.fixture(scope="module")
def unlabelled(make_project, tmp_path_factory):
    project, root = make_project(), tmp_path_factory.mktemp("images")
    pictures(root / "seed", "train", 15, flat=True)
    heap(root / "pool")
    project.replace("params.yaml", "dataset: glyphs", "dataset: own")
    project.replace("params.yaml", OWN, f"seed: {root}/seed\n      pool: {root}/pool\n      evaluation: null\n"
                                        f"      size: 16")
    show(project, "balanced", "simclr", "mak", "colt")
    project.commit()
    rows = ("balanced", "simclr", "mak", "colt")
    project.repro(*(f"{stage}@{row}" for stage in ("linear", "finetune") for row in rows))
    return project


def test_without_labels_it_trains_selects_and_exports(unlabelled):
    for folder in ("simclr", "mak", "colt"):
        assert (unlabelled.folder / f"runs/{folder}/encoder.safetensors").is_file()
        assert len(pd.read_csv(unlabelled.folder / f"runs/history/{folder}.csv")) == 4
    chosen = pd.read_csv(unlabelled.folder / "runs/mak/selected.csv")
    assert len(chosen) == 100 and chosen["path"].str.contains("/pool/").all() and chosen["q"].notna().all()
    trace = pd.read_csv(unlabelled.folder / "runs/trace/colt.csv")
    assert len(trace) == 3 * 100 and trace["path"].str.contains("/pool/").all()
    assert len(np.load(unlabelled.folder / "data/split/longtail.npy")) == 15 * len(glyphs.CLASSES)


def test_without_labels_what_is_known_is_reported_and_nothing_else(unlabelled):
    for method in ("simclr", "mak", "colt"):
        assert json.loads((unlabelled.folder / f"metrics/{method}.json").read_text()) == {}
        assert json.loads((unlabelled.folder / f"metrics/finetune/{method}.json").read_text()) == {}
        features = json.loads((unlabelled.folder / f"metrics/features/{method}.json").read_text())
        assert set(features) == {"uniformity"} and features["uniformity"] < 0
    unlabelled.run("python", "stages/diagnose.py", "simclr", DVC_STAGE="diagnose")
    unlabelled.run("python", "stages/report.py", DVC_STAGE="report")
    table = pd.read_csv(unlabelled.folder / "results/table.csv")
    assert table["method"].tolist() == ["simclr", "mak", "colt"]  # there is no balanced list to train on
    assert table["images"].tolist() == [150, 250, 250] and table["uniformity"].notna().all()
    text = (unlabelled.folder / "results/table.md").read_text()
    assert "Without labels" in text and "no labelled images" in text and "nan" not in text
    rounds = pd.read_csv(unlabelled.folder / "results/rounds.csv")
    assert set(rounds["method"]) == {"colt"} and pd.read_csv(unlabelled.folder / "results/ecle.csv").empty
    assert all(content.startswith(b"\x89PNG") for content in unlabelled.read("results/*.png").values())
    for stage in ("look", "page"):
        unlabelled.run("python", f"stages/{stage}.py", DVC_STAGE=stage)
    page = (unlabelled.folder / "results/report.html").read_text()
    assert "Nothing is labelled" in page and page.count("data:image/png") == 4  # what needs no labels


def test_the_exported_encoder_embeds_a_folder(unlabelled):
    pool = pd.read_csv(unlabelled.folder / "data/pool/manifest.csv")["path"][0].rsplit("/", 1)[0]
    words = {"--encoder": "runs/colt/encoder.safetensors", "--images": pool, "--out": "features.npy"}
    unlabelled.run("python", "-m", "ballast.cli", "embed", *(word for pair in words.items() for word in pair))
    assert np.load(unlabelled.folder / "features.npy").shape == (200, 32)


def test_files_are_decoded_as_they_are_needed_and_an_evaluation_folder_gives_accuracy(make_project, tmp_path):
    project = make_project()
    pictures(tmp_path / "seed", "train", 15, flat=False)
    pictures(tmp_path / "evaluation", "test", 20, flat=False)
    heap(tmp_path / "pool")
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    for number, path in enumerate((tmp_path / "evaluation/A").iterdir()):  # half of them will be test images
        (tmp_path / f"seed/A/copy{number}.jpg").write_bytes(path.read_bytes())
    params |= {"dataset": "own", "show": ["simclr", "colt", "guided"]}
    params["datasets"]["own"]["source"] = {
        "kind": "own", "seed": f"{tmp_path}/seed", "pool": f"{tmp_path}/pool", "evaluation": f"{tmp_path}/evaluation",
        "size": 16, "short": 18, "where": "files"}
    for protocol, crop in CROPS.items():
        params["profiles"]["smoke"][protocol]["crop"] = crop
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params))
    project.commit()
    project.repro("linear@colt", "linear@guided", "finetune@colt", "select_pool@mak")
    for method in ("colt", "guided"):
        metrics = json.loads((project.folder / f"metrics/{method}.json").read_text())
        assert set(metrics) == {"Many", "Median", "Few", "Std", "All"} and 5 < metrics["All"] <= 100
    assert json.loads((project.folder / "metrics/imbalanced/colt.json").read_text())["All"] > 0
    assert json.loads((project.folder / "metrics/finetune/colt.json").read_text())["All"] > 0
    counts = np.load(project.folder / "data/split/counts.npy").tolist()
    assert counts == [35 if name == "A" else 15 for name in sorted(glyphs.CLASSES)]
    said = project.run("python", "stages/fit.py", DVC_STAGE="fit").stdout
    assert said.startswith("fit: 10 of the 170 seed images have the pixels of a test image")
    selected = load_store(project.folder / "runs/mak/selected")
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
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    params["dataset"] = "places_lt"
    params["datasets"]["places_lt"] |= {"groups": "thirds", "source": {
        "kind": "lists", "root": str(tmp_path / "data"), "pool": str(tmp_path / "pool"), "size": 16, **lists}}
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params))
    project.repro("fit")
    stored = pd.read_csv(project.folder / "data/images/train/files.csv")["path"].to_numpy()
    labels = np.load(project.folder / "data/labels/train.npy")
    for name in ("longtail", "few", "probe", "val"):
        rows = np.load(project.folder / f"data/split/{name}.npy")
        assert sorted(stored[rows]) == sorted(map(str, chosen[name])), name
        assert [label[path.split("/")[-2]] for path in stored[rows]] == labels[rows].tolist()
    assert len(np.load(project.folder / "data/split/balanced.npy")) == 0
    counts = np.load(project.folder / "data/split/counts.npy")
    assert counts.tolist() == np.bincount([label[path.parent.name] for path in chosen["longtail"]]).tolist()


def test_what_does_not_fit_the_images_is_one_line_before_any_training(unlabelled):
    unlabelled.replace("params.yaml", "budget: 100", "budget: 201")
    try:
        done = unlabelled.run("dvc", "repro", "pretrain@colt", check=False)
        assert "fit: profiles.smoke.sampling.budget: 201 is more than the 200 images of the pool" in done.stdout
        assert done.returncode != 0 and "pretrain@" not in done.stdout.split("ERROR")[0]
    finally:
        unlabelled.replace("params.yaml", "budget: 201", "budget: 100")
    line = "resample: {tailness: sparsity, neighbours: 10, momentum: 0.0, clusters: "
    unlabelled.replace("params.yaml", f"{line}10", f"{line}151")
    try:
        done = unlabelled.run("python", "stages/fit.py", check=False, DVC_STAGE="fit")
        assert done.returncode == 1 and done.stdout == (
            "fit: methods.guided.pretrain.resample.clusters: 151 are more than the 150 seed images\n")
    finally:
        unlabelled.replace("params.yaml", f"{line}151", f"{line}10")
