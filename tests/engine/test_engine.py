"""A pool's features have the same bytes whoever computes them, also after a kill; a choice from them is a pool."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ballast import cli
from ballast.embeddings.vectors import unit_vectors
from ballast.encoders.model import build, save_model
from ballast.engine import Embedder
from ballast.engine import pool as pools
from ballast.runtime.errors import BallastError
from ballast.sources.listing import listing
from ballast.sources.reading import read
from tests import ROOT
from tests.images.examples import files

NETWORK = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1, 1], "projection": 8}
COUNT = 7
SIZED = """
import sys
from ballast.engine import pool
from ballast import cli
pool.ROWS, pool.BATCH = map(int, sys.argv.pop(1).split(","))
cli.main(sys.argv[1:])
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with an encoder and few images, one of them none; shards of two images."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pools, "ROWS", 2)
    monkeypatch.setattr(pools, "BATCH", 2)
    save_model(build(NETWORK, 3, 1), tmp_path / "run", size=16, short=20)
    files(tmp_path / "files")
    (tmp_path / "files/2.jpg").write_text("no image")
    return tmp_path


def words(out, **more):
    given = {"encoder": "run/encoder.safetensors", "images": "files", "out": out, **more}
    return ["embed", *(word for name, value in given.items() for word in (f"--{name}", str(value)))]


def written(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def process(*arguments, sizes="2,2", **environment):
    return subprocess.Popen([sys.executable, "-c", SIZED, sizes, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, start_new_session=True,
                            env={**os.environ, "PYTHONPATH": f"{ROOT}/src", **environment})


def test_the_features_are_those_of_a_file_and_the_manifest_has_their_order(place, capsys):
    cli.main(words("pool"))
    cli.main(words("pool.npy"))
    whole = torch.from_numpy(np.load("pool.npy"))
    torch.testing.assert_close(unit_vectors(["pool"]).float(), torch.nn.functional.normalize(whole), rtol=0, atol=1e-3)
    manifest = json.loads(Path("pool/manifest.json").read_text())
    assert [shard["rows"] for shard in manifest["shards"]] == [2, 1, 2, 1] and manifest["left_out"] == 1
    left_out = json.loads(Path("pool/done/1.json").read_text())["left_out"]
    assert next(iter(left_out)).endswith("2.jpg") and next(iter(left_out.values())).startswith("not an image")
    assert "6 features in 4 shards to pool; 1 files could not be read" in capsys.readouterr().out


@pytest.mark.parametrize("way", ["two ranks", "resumed", "killed"])
def test_every_way_gives_the_same_bytes(place, way):
    cli.main(words("loop"))
    if way == "two ranks":
        ranks = [process(*words("other"), RANK=str(number), WORLD_SIZE="2") for number in range(2)]
        assert [rank.wait() for rank in ranks] == [0, 0]
        cli.main(words("other"))  # where both ended at the same time, neither has seen the end
    elif way == "resumed":
        cli.main(words("other"))
        gone = json.loads(Path("other/done/0.json").read_text())["file"]
        Path("other", gone).write_bytes(b"changed")
        Path("other/done/3.json").write_text("{")
        Path("other/manifest.json").unlink()
        cli.main(words("other"))
    else:
        run = process(*words("other"))
        while run.poll() is None and not Path("other/done/0.json").exists():
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        run.wait()
        cli.main(words("other"))
    assert written("other") == written("loop")


@pytest.mark.long
def test_a_thousand_images_by_the_loop_by_ranks_by_ray_and_by_ray_after_a_kill(place):
    pytest.importorskip("ray")
    np.save("many.npy", np.random.default_rng(0).integers(0, 256, (1000, 24, 24, 3), np.uint8))
    for number, way in enumerate(({}, {"RANK": "0", "WORLD_SIZE": "2"}, {"RANK": "1", "WORLD_SIZE": "2"})):
        run = process(*words(f"pool{min(number, 1)}", images="many.npy"), sizes="128,64", **way)
        assert run.wait() == 0, run.stdout.read()
    ray = words("pool2", images="many.npy", engine="ray")
    run = process(*ray, sizes="128,64")
    while run.poll() is None and not list(Path("pool2").glob("done/*.json")):
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not Path("pool2/manifest.json").exists()
    run = process(*ray, sizes="128,64")
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 0 and "1000 features in 8 shards" in said, said
    assert written("pool0") == written("pool1") == written("pool2")


def test_nonsense_in_the_place_of_a_rank_is_one_line(place, monkeypatch):
    monkeypatch.setenv("RANK", "x")
    with pytest.raises(SystemExit, match="ballast: RANK: expected a number, as torchrun sets it, got 'x'; unset it"):
        cli.main(words("pool"))


def test_a_damaged_encoder_is_one_line_before_any_work(place):
    Path("run/encoder.safetensors").write_bytes(b"damaged")
    with pytest.raises(SystemExit, match="expected a readable safetensors file"):
        cli.main(words("pool", engine="ray"))
    assert not Path("pool").exists()


def test_a_batch_of_any_engine_has_a_status_for_every_image(place):
    paths = np.array(listing("files", None, labelled=False).paths(), object)
    found = Embedder("run/encoder.safetensors")({"path": paths})
    assert found["features"].shape == (COUNT, 32) and found["features"].dtype == np.float32
    assert (found["status"] == "ok").tolist() == [number != 2 for number in range(COUNT)]
    assert (np.abs(found["features"]).max(1) > 0).tolist() == (found["status"] == "ok").tolist()


def test_other_images_or_another_encoder_are_one_line(place):
    cli.main(words("pool"))
    before = written("pool")
    Path(listing("files", None, labelled=False).paths()[-1]).unlink()
    with pytest.raises(SystemExit, match="pool: expected the features of these images by this encoder, got others"):
        cli.main(words("pool"))
    assert written("pool") == before


def test_a_shard_that_is_gone_or_changed_is_one_line(place):
    cli.main(words("pool"))
    first = Path("pool", json.loads(Path("pool/manifest.json").read_text())["shards"][0]["file"])
    content = first.read_bytes()
    first.write_bytes(content[:-9])
    with pytest.raises(BallastError, match="expected the content that it is named by, got other bytes"):
        unit_vectors(["pool"])
    first.unlink()
    with pytest.raises(BallastError, match="parquet: missing"):
        unit_vectors(["pool"])


@pytest.mark.parametrize("source", ["files", "files.tar"])
def test_a_choice_is_the_list_of_a_pool(place, source):
    with tarfile.open("files.tar", "w") as archive:
        archive.add("files")
    cli.main(words("pool", images=source))
    for out in ("x.txt", "x.csv"):
        cli.main(["select", "--in-domain", "pool", "--pool", "pool", "--rule", "random", "--budget", "3", "--out", out])
    names = Path("x.txt").read_text().splitlines()
    good = [path for path in listing(source, None, labelled=False).paths() if not path.endswith("2.jpg")]
    assert names == [good[row] for row in pd.read_csv("x.csv")["pool"]]
    again = listing("x.txt", ".", labelled=False)
    assert again.paths() == [f"./{name}" for name in names]
    assert (read("store", again, {"size": 16})["status"] == "ok").all()
