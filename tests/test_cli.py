"""`ballast embed` computes the features of the pipeline from an encoder's file alone; a mistake is one line."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from ballast import cli
from ballast.encoders.embed import embed
from ballast.encoders.model import build, load_encoder, save_model
from ballast.images.store import load_store
from ballast.sources.reading import read
from tests import ROOT
from tests.images.examples import files

NETWORK = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1, 1], "projection": 8}


def arguments(tmp_path, **changes):
    given = {"encoder": tmp_path / "run/encoder.safetensors", "images": tmp_path / "files", "out": tmp_path / "x.npy",
             **changes}
    return ["embed", *(word for name, value in given.items() for word in (f"--{name}", str(value)))]


@pytest.fixture
def run(tmp_path):
    """A saved encoder and files to embed, one of them no image."""
    model = build(NETWORK, 3, 1)
    save_model(model, tmp_path / "run", size=16, short=20)
    listing = files(tmp_path / "files")
    (tmp_path / "files/2.jpg").write_text("no image")
    return model, listing


def test_features_are_those_of_the_pipeline_and_every_file_has_its_row(run, tmp_path, capsys):
    model, listing = run
    cli.main(arguments(tmp_path))
    read(tmp_path / "store", listing, {"size": 16, "short": 20})
    expected = embed(model, load_store(tmp_path / "store"))[0]
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), expected, rtol=1e-4, atol=1e-5)
    table = pd.read_csv(tmp_path / "x.csv")
    assert table["row"].tolist()[:2] == [0, 1] and table["row"].count() == 6 and len(table) == 7
    bad = table[table["row"].isna()]
    assert bad["path"].item().endswith("/2.jpg") and bad["status"].item().startswith("not an image")
    assert "6 features to" in capsys.readouterr().out


def test_the_file_says_what_its_user_has_to_know(run, tmp_path):
    facts = json.loads(safe_open(tmp_path / "run/encoder.safetensors", "pt").metadata()["ballast"])
    network = {name: value for name, value in NETWORK.items() if name != "projection"}
    assert facts == {"network": network, "channels": 3, "size": 16, "short": 20, "mean": [0.485, 0.456, 0.406],
                     "std": [0.229, 0.224, 0.225]}
    model, size, short = load_encoder(tmp_path / "run/encoder.safetensors")
    assert (size, short) == (16, 20) and not model.training
    trained = run[0].eval()
    assert torch.equal(model.features(torch.ones(2, 3, 16, 16)), trained.features(torch.ones(2, 3, 16, 16)))


def test_a_gray_encoder_sees_gray(tmp_path):
    save_model(build(NETWORK, 1, 1), tmp_path / "run", size=16, short=16)
    (tmp_path / "files").mkdir()
    for number, mode in enumerate(("L", "RGB")):
        Image.new("L", (16, 16), 77).convert(mode).save(tmp_path / f"files/{number}.png")
    cli.main(arguments(tmp_path))
    features = np.load(tmp_path / "x.npy")
    np.testing.assert_allclose(features[0], features[1], rtol=1e-5)


@pytest.mark.parametrize(("changes", "line"), [
    ({"encoder": "none.safetensors"}, "ballast: none.safetensors: missing"),
    ({"images": "nowhere"}, "ballast: nowhere: expected a folder, got none"),
    ({"out": "x.csv"}, "ballast: --out x.csv: expected a name that ends in .npy"),
])
def test_a_mistake_is_one_line(run, tmp_path, changes, line):
    with pytest.raises(SystemExit) as error:
        cli.main(arguments(tmp_path, **changes))
    assert str(error.value).startswith(line) and "\n" not in str(error.value)


def test_weights_without_their_facts_are_one_line(run, tmp_path):
    head = tmp_path / "run/head.safetensors"
    with pytest.raises(SystemExit, match="does not describe its network"):
        cli.main(arguments(tmp_path, encoder=head))
    head.write_bytes(b"\x80\x04pickle")
    with pytest.raises(SystemExit, match="expected a readable safetensors file"):
        cli.main(arguments(tmp_path, encoder=head))


def test_it_is_a_command(run, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-m", "ballast.cli", *arguments(tmp_path)], capture_output=True, text=True,
                          env=environment)
    assert done.returncode == 0 and "6 features" in done.stdout
