"""A folder a class, without validation images, through the real pipeline: three paths in a file of configs/datasets."""

import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from ballast.images.store import load_store
from ballast.sources import glyphs

pytestmark = pytest.mark.long

FOLDERS = "configs/datasets/folders.yaml"
SPLIT = {"longtail.largest": 40, "longtail.ratio": 20, "longtail.few_shot": 0.05, "longtail.val_per_class": 0}


def write(root, images, names):
    for number, (image, name) in enumerate(zip(images, names)):
        (root / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0]).save(root / name / f"{number:04}.png")


def write_glyphs(root):
    """Folders train, test and pool of grey PNG files."""
    for part, count in (("train", 60), ("test", 10)):
        images, labels = glyphs.labelled(count, 16, 0, part)
        write(root / part, images, [glyphs.CLASSES[label] for label in labels])
    images, shows = glyphs.pool(100, 100, 16, 0)
    write(root / "pool", images, ["glyphs" if what != "photograph" else what for what in shows])


@pytest.fixture(scope="module")
def project(make_project, tmp_path_factory):
    """Glyphs as grey PNG files; in the pool a leaked test image, a text file, an empty and a truncated one."""
    project, root = make_project(), tmp_path_factory.mktemp("images")
    write_glyphs(root)
    leaked = min((root / "test/A").iterdir()).read_bytes()
    (root / "pool/leaked.png").write_bytes(leaked)
    (root / "pool/text.jpg").write_text("no image")
    (root / "pool/empty.png").write_bytes(b"")
    (root / "pool/half.png").write_bytes(leaked[:90])
    project.change({"dataset": "folders"})
    folders = {f"source.{part}": f"{root}/{part}" for part in ("train", "test", "pool")}
    project.change({**folders, "source.size": 16, **SPLIT}, FOLDERS)
    project.commit()
    return project


def test_one_command_runs_folders_to_the_table(project):
    assert {"images", "pool", "pretrain@mak", "evaluate@mak"} <= set(project.repro("evaluate@mak"))
    manifest = pd.read_parquet(project.folder / "data/pool/manifest.parquet")
    left_out = manifest[manifest["status"] != "ok"]
    left_out = left_out.set_index(left_out["path"].str.rsplit("/", n=1).str[-1])["status"]
    assert left_out["leaked.png"].startswith("test image ") and left_out["text.jpg"].startswith("not an image")
    assert left_out["empty.png"] == "empty file" and left_out["half.png"].startswith("damaged") and len(left_out) == 4
    kept = manifest.dropna(subset="pool")
    assert kept["pool"].astype(int).tolist() == list(range(200)) == list(range(len(kept)))
    assert len(load_store(project.folder / "data/pool/all")) == 200
    chosen = pd.read_csv(project.folder / "data/pool/mak/1/selected.csv")
    assert list(chosen.columns) == ["pool", "ecle", "distance", "q", "path"] and chosen["pool"].between(0, 199).all()
    paths = kept.set_index("pool")["path"]
    assert (chosen["path"].to_numpy() == paths.loc[chosen["pool"]].to_numpy()).all()
    selected = load_store(project.folder / "data/pool/mak/1")
    expected = load_store(project.folder / "data/pool/all").take(torch.tensor(chosen["pool"].to_numpy()))
    assert torch.equal(selected.images, expected.images)


def test_a_bad_training_image_is_one_line_before_any_training(project):
    source = yaml.safe_load((project.folder / FOLDERS).read_text())["source"]
    bad = project.folder / source["train"] / "A" / "bad.jpg"
    bad.write_text("no image")
    try:
        done = project.run("dvc", "repro", "-f", "-s", "images", check=False)
        assert done.returncode != 0 and "A/bad.jpg: not an image" in done.stdout and "Traceback" not in done.stdout
    finally:
        bad.unlink()
