"""An encoder that leaves: the same features from its graph, from archives and tables; its card; neighbours."""

import io
import json
import tarfile

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from onnxruntime import InferenceSession
from PIL import Image

from ballast import cli
from ballast.encoders.model import build, load_encoder, save_encoder
from ballast.export.card import Record, card
from ballast.export.card import _table as read_table_of_row
from ballast.export.served import Served
from ballast.report.verdicts import gains

RNG = np.random.default_rng(0)
NETWORKS = {"ours": ({"stem": "cifar", "block": "basic", "width": 8, "depths": [1, 1], "projection": 16}, 3),
            "gray": ({"stem": "imagenet", "block": "bottleneck", "width": 8, "depths": [1], "projection": 16}, 1),
            "timm": ({"source": "timm", "name": "vit_tiny_patch16_224", "projection": 16,
                      "options": {"img_size": 32, "depth": 2, "embed_dim": 24, "num_heads": 2}}, 3)}


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Twelve photographs, and a file that is none, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for number in range(12):
        pixels = RNG.integers(0, 256, (40, 40 + number, 3), np.uint8)
        Image.fromarray(pixels).save(f"photos/{number:02}.png")
    (tmp_path / "photos/03b.png").write_text("none")
    return tmp_path


def written(kind: str, size: int = 32, short: int = 36) -> str:
    network, channels = NETWORKS[kind]
    save_encoder(build(network, channels, seed=1), "encoder", size, short)
    return "encoder/encoder.safetensors"


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_graph_has_torchs_features_for_any_number_of_images(images, kind):
    path = written(kind)
    cli.main(["export", "--encoder", path, "--out", "taken"])
    session = InferenceSession("taken/encoder.onnx", providers=["CPUExecutionProvider"])
    pixels = RNG.integers(0, 256, (256, 3, 36, 36), np.uint8)
    model, size, short = load_encoder("taken/encoder.safetensors")
    expected = Served(model, size, short)(torch.from_numpy(pixels)).numpy()
    for count in (1, 2, 256):
        found = session.run(None, {"images": pixels[:count]})[0]
        assert np.abs(found - expected[:count]).max() < 1e-4, count
    facts = json.loads({entry.key: entry.value for entry in onnx.load("taken/encoder.onnx").metadata_props}["ballast"])
    assert facts["features"] == expected.shape[1] and facts["short"] == 36
    text = (images / "taken/README.md").read_text()
    assert text.startswith("---\nlibrary_name: ballast\nlicense: other\n") and "uint8 [N, 3, 36, 36]" in text


def test_without_the_graph(images):
    cli.main(["export", "--encoder", written("ours"), "--out", "taken", "--no-onnx", "--licence", "mit"])
    text = (images / "taken/README.md").read_text()
    assert sorted(file.name for file in (images / "taken").iterdir()) == ["README.md", "encoder.safetensors"]
    assert "onnx" not in text and "license: mit\n" in text and "Of the weights: mit." in text


def test_the_card_says_what_was_measured_with_errors_and_verdicts():
    rng = np.random.default_rng(0)
    runs = pd.DataFrame([{"method": method, "repeat": repeat, "split": repeat, "seed": repeat, "protocol": protocol,
                          **{name: rng.uniform(40, 50) + shift for name in ("Many", "Median", "Few", "Std", "All")}}
                         for method, shift in (("colt", 30), ("random", 0)) for protocol in ("linear", "knn")
                         for repeat in range(1, 5)])
    found = gains(runs[runs["protocol"] == "linear"], [("colt", "random")]).assign(protocol="linear")
    known = Record({"longtail": {"law": "pareto", "ratio": 100}}, "cifar10_lt", {"framework": "simclr"},
                   {"repeats": "4"}, runs[runs["method"] == "colt"], found, 1234, 2478, "rounds")
    facts = {"network": {"width": 8}, "features": 16, "channels": 1, "size": 32, "short": 36, "mean": [0.5],
             "std": [0.2]}
    text = card("colt", facts, known, "mit", True)
    mean = runs[(runs["method"] == "colt") & (runs["protocol"] == "knn")]["All"].mean()
    assert f"{mean:.1f} ± " in text and "| colt over random | +" in text and "better" in text
    assert "2,478 in-domain images, 1,234 different pool images" in text and "law pareto, ratio 100" in text
    assert "framework: simclr" in text and "in gray" in text


def test_all_sources_give_the_same_features(images):
    path = written("ours")
    files = sorted((images / "photos").iterdir())
    with tarfile.open("photos.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("notes.txt"), io.BytesIO())
        for file in files:
            archive.add(file, file.name)
    pd.DataFrame({"key": range(13), "jpg": [file.read_bytes() for file in files]}).to_parquet("plain.parquet")
    pd.DataFrame({"image": [{"bytes": file.read_bytes(), "path": file.name} for file in files]}).to_parquet(
        "hub.parquet")
    for source in ("photos", "photos.tar", "plain.parquet", "hub.parquet"):
        cli.main(["embed", "--encoder", path, "--images", source, "--out", "out.parquet"])
        cli.main(["embed", "--encoder", path, "--images", source, "--out", "out.npy"])
        table, statuses = pd.read_parquet("out.parquet"), pd.read_csv("out.csv")
        assert len(table) == 12 and (statuses["status"] == "ok").tolist() == [row != 4 for row in range(13)]
        assert table["path"].tolist() == statuses.dropna()["path"].tolist()
        np.testing.assert_array_equal(np.stack(table["features"]), np.load("out.npy"))
        if source == "photos":
            expected = np.load("out.npy")
        np.testing.assert_array_equal(np.load("out.npy"), expected, source)


def test_an_image_is_its_own_nearest_neighbour(images, capsys):
    path = written("ours")
    for out in ("f.npy", "f.parquet"):
        cli.main(["embed", "--encoder", path, "--images", "photos", "--out", out])
        capsys.readouterr()
        cli.main(["knn", "--encoder", path, "--query", "photos/07.png", "--among", out, "--k", "3",
                  "--out", "near.png"])
        lines = capsys.readouterr().out.splitlines()
        assert "1.000" in lines[2] and lines[2].rstrip(" |").endswith("photos/07.png") and len(lines) == 6
        assert Image.open("near.png").format == "PNG"


@pytest.mark.parametrize(("words", "line"), [
    ("export --row colt", "runs/colt/1/encoder.safetensors: missing; `dvc repro` makes it"),
    ("export", "export: expected either --row or --encoder"),
    ("embed @ --images half.tar --out o.npy", "half.tar: expected a readable .tar"),
    ("embed @ --images a.parquet --out o.npy",
     "a.parquet: expected a readable .parquet file with images, got an error (no column of encoded images among x)"),
    ("embed @ --images gone.tar --out o.npy", "gone.tar: expected a file, got none"),
    ("embed @ --images photos --out o.txt", "--out o.txt: expected a name that end"),
    ("knn @ --query photos/03b.png --among f.npy", "photos/03b.png: not an image"),
    ("knn @ --query photos/01.png --among g.npy", "g.csv: missing; expected the ta"),
    ("knn @ --query photos/01.png --among a.npy", "a.npy: expected features of thi"),
    ("knn @ --query photos/01.png --among f.npy --k 0", "--k 0: expected 1 to 11"),
])
def test_a_mistake_is_one_line(images, words, line):
    cli.main(["embed", "--encoder", written("ours"), "--images", "photos", "--out", "f.npy"])
    np.save("a.npy", np.ones((2, 3), np.float32))
    np.save("g.npy", np.ones((2, 3), np.float32))
    pd.DataFrame({"row": [0, 1], "path": ["x", "y"]}).to_csv("a.csv")
    pd.DataFrame({"x": [1]}).to_parquet("a.parquet")
    (images / "half.tar").write_bytes(b"x" * 700)
    with pytest.raises(SystemExit) as stopped:
        cli.main(words.replace("@", "--encoder encoder/encoder.safetensors").split())
    assert str(stopped.value).startswith(f"ballast: {line}") and "\n" not in str(stopped.value)


def test_tables_that_a_row_has_not_are_empty(tmp_path):
    (tmp_path / "blank.csv").write_text("\n")  # as stage evaluate writes them without labels or rounds
    (tmp_path / "one.csv").write_text("a\n1\n")
    assert [len(read_table_of_row(tmp_path / f"{name}.csv")) for name in ("gone", "blank", "one")] == [0, 0, 1]
