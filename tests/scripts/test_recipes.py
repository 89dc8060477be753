"""The evidence of `ballast recommend`: what a row costs, and what is known of its data."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ballast.config.files import read_params
from ballast.config.rows import with_variant
from ballast.runtime.errors import BallastError
from scripts.recipes import DATA, facts_of, images_seen, main, make_lists, tables
from tests.report.test_recommend import LEVELS, runs


class Files(dict):
    """Files of an experiment."""

    def read_bytes(self, path):
        return self[path]

    def read_text(self, path):
        return self[path].decode()


def test_a_cost_counts_the_guide_and_the_start():
    files = Files({f"runs/{row}/1/history.csv": f"epoch,images\n1,{images}\n2,{images}\n".encode()
                   for row, images in (("colt", 10), ("guide", 20), ("guided", 3), ("pool", 100), ("simclr", 7))})
    files["runs/frozen/1/history.csv"] = b"none\n"
    params = read_params()
    assert images_seen(files, params, "colt") == 20 and images_seen(files, params, "guided") == 46
    assert images_seen(files, params, "frozen") == 200
    assert images_seen(files, with_variant(params, "simclr-pool"), "simclr") == 214


def test_pool_images_that_were_left_out_do_not_count():
    listed, manifest = io.BytesIO(), io.BytesIO()
    np.save(listed, np.arange(12))
    pd.DataFrame({"pool": pd.array([0, None, 1], "Int64")}).to_parquet(manifest)
    files = Files({"data/split/1/longtail.npy": listed.getvalue(), "data/pool/manifest.parquet": manifest.getvalue(),
                   "metrics/suitability.json": json.dumps({"separability": 0.9}).encode()})
    assert facts_of(files) == {"images": 12, "pool": 2, "separability": 0.9}


def test_unknown_data_ends_before_any_work():
    with pytest.raises(BallastError, match=f"DATA: expected {', '.join(DATA)}, got 'cifar'"):
        main(["cifar"])


def test_every_data_set_has_a_table():
    found = tables(pd.concat([runs(LEVELS, name) for name in DATA]))
    assert set(found) == {f"recommend-{name}" for name in ("data", *DATA)}
    assert all(name in found["recommend-data"] for name in DATA)
    assert all(found[f"recommend-{name}"].startswith("| row") and "| colt" in found[f"recommend-{name}"]
               for name in DATA)


def test_no_image_is_both_learnt_from_and_tested(tmp_path):
    for path in ("train/ant/1.jpg", "test/ant/2.jpg", *(f"pool/n1/{number}.jpg" for number in range(303))):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    make_lists(tmp_path)
    train, test = (set((tmp_path / f"tiny-{part}.txt").read_text().splitlines()) for part in ("train", "test"))
    assert len(train) == 300 and len(test) == 3 and not train & test


def test_lists_name_some_of_the_images(tmp_path):
    with pytest.raises(BallastError, match="train: missing; expected the images that"):
        make_lists(tmp_path)
    for path in ("train/cat/1.jpg", "train/ant/2.jpg", "test/ant/3.jpg", "test/cat/4.jpg",
                 *(f"pool/n{number}/5.jpg" for number in range(9))):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    make_lists(tmp_path)
    assert (tmp_path / "train.txt").read_text() == "train/ant/2.jpg 0\ntrain/cat/1.jpg 1\n"
    assert (tmp_path / "test.txt").read_text() == "test/ant/3.jpg 0\ntest/cat/4.jpg 1\n"
    assert (tmp_path / "cifar.txt").read_text() == "train/ant/2.jpg\ntrain/cat/1.jpg\n"
    assert (tmp_path / "tiny-train.txt").read_text().splitlines()[::8] == ["pool/n0/5.jpg 0", "pool/n8/5.jpg 8"]
    assert (tmp_path / "quarter.txt").read_text() == "n3/5.jpg\nn7/5.jpg\n"
    assert (tmp_path / "mixed.txt").read_text() == "pool/n3/5.jpg\nletters/00000.png\n"
    with Image.open(tmp_path / "letters/00000.png") as letter:
        assert letter.size == (16, 16)
