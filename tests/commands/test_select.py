"""`ballast select` and `ballast audit`: the choice of the stages from files alone; a mistake is one line."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import normalize

from ballast import cli
from ballast.config.selections import BY_RULE
from ballast.embeddings.vectors import unit_vectors
from ballast.selection.kcenter import kcenter_greedy

RNG = np.random.default_rng(0)
IN_DOMAIN, POOL, FIRST, SECOND = (RNG.standard_normal((rows, 8)).astype(np.float32) for rows in (40, 120, 120, 120))
SMALL = {"hkmeans": ["clusters=[12, 3]"], "semdedup": ["cells=4"], "retrieval": ["clusters=4"]}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, rows in (("images", IN_DOMAIN), ("pool", POOL), ("first", FIRST), ("second", SECOND)):
        np.save(f"{name}.npy", rows)
    return tmp_path


def select(rule: str, *words: str, pool: str = "pool.npy", budget: int = 20, out: str = "out.parquet") -> pd.DataFrame:
    cli.main(["select", "--in-domain", "images.npy", "--pool", *pool.split(), "--rule", rule, "--budget", str(budget),
              "--out", out, *(word for value in SMALL.get(rule, []) for word in ("--set", value)), *words])
    return pd.read_parquet(out) if out.endswith(".parquet") else pd.read_csv(out)


@pytest.mark.parametrize("rule", BY_RULE)
def test_every_rule_chooses_and_explains(files, rule):
    words = ["--views", "first.npy", "--views", "second.npy"] if rule == "mak" else []
    chosen, again, why = select(rule, *words), select(rule, *words, out="out.csv"), select(rule, *words, "--explain")
    assert list(chosen.columns) == ["pool"] and len(set(chosen["pool"])) == 20 and chosen["pool"].max() < 120
    assert chosen["pool"].tolist() == again["pool"].tolist() == why["pool"].tolist()
    x, y = (normalize(torch.from_numpy(rows)) for rows in (IN_DOMAIN, POOL))
    cosine, nearest = (y[why["pool"].tolist()] @ x.T).max(1)
    assert why["nearest"].tolist() == nearest.tolist()
    np.testing.assert_allclose(why["nearest_cosine"], cosine, atol=2e-3)


def test_the_choice_is_that_of_the_function(files):
    x, y = unit_vectors(["images.npy"]), unit_vectors(["pool.npy"])
    assert select("kcenter")["pool"].tolist() == kcenter_greedy(y, x, 20).tolist()


def test_shards_and_parquet_are_one_pool(files):
    (files / "shards").mkdir()
    np.save("shards/0.npy", POOL[:50])
    pd.DataFrame({"key": range(70), "vector": list(POOL[50:])}).to_parquet("shards/1.parquet")
    whole, parts = select("kcenter"), select("kcenter", pool="shards")
    assert whole["pool"].tolist() == parts["pool"].tolist()
    late = parts[parts["pool"] >= 50]
    assert set(late["file"]) == {"shards/1.parquet"} and (late["row"] == late["pool"] - 50).all()


def test_among_an_earlier_choice(files):
    earlier = set(select("retrieval", budget=60, out="earlier.parquet")["pool"])
    assert set(select("kcenter", "--among", "earlier.parquet")["pool"]) <= earlier


@pytest.mark.parametrize(("rule", "words", "line"), [
    ("kcenter", ["--pool", "narrow.npy"], "narrow.npy: expected rows of 8 numbers, as in images.npy, got 5"),
    ("kcenter", ["--pool", "bad.npy"], "bad.npy: expected finite rows that are not zero, got 2 others; the first is "),
    ("kcenter", ["--pool", "empty.npy"], "empty.npy: expected a matrix of floating-point numbers with a row for every"),
    ("kcenter", ["--pool", "absent.npy"], "absent.npy: missing; expected embeddings as .npy or Parquet"),
    ("kcenter", ["--budget", "121"], "--budget: expected at most 120, the images to choose from, got 121"),
    ("kcenter", ["--budget", "0"], "--budget: expected at least 1, got 0"),
    ("kcenter", ["--out", "out.md"], "--out out.md: expected a name that ends in .parquet, .csv or .txt"),
    ("kcenter", ["--views", "first.npy"], "--views: expected none, since kcenter does not look at them"),
    ("mak", [], "--views: expected at least 2 augmented passes for mak's tailness, got 0; without any, give --set al"),
    ("mak", ["--views", "first.npy", "--views", "images.npy"], "images.npy: expected 120 rows of 8 numbers, got 40 of"),
    ("mak", ["--set", "alhpa=0.5"], "--set alhpa: unknown key; did you mean 'alpha'?; mak has alpha, ratio,"),
    ("mak", ["--set", "alpha=3"], "--set alpha: expected a value less than or equal to 1, got 3"),
    ("random", ["--among", "pool.npy"], "pool.npy: expected a table with the column pool"),
])
def test_a_mistake_is_one_line(files, rule, words, line):
    np.save("narrow.npy", POOL[:, :5])
    bad = POOL.copy()
    bad[[3, 7], 0] = np.nan
    np.save("bad.npy", bad)
    np.save("empty.npy", POOL[:0])
    with pytest.raises(SystemExit) as error:
        select(rule, *words)
    assert str(error.value).startswith(f"ballast: {line}") and "\n" not in str(error.value)
    assert not (files / "out.parquet").exists()


def test_an_audit_is_a_page_and_its_numbers(files, capsys):
    words = ["audit", "--in-domain", "images.npy", "--pool", "pool.npy", "--out", "audit.md"]
    cli.main(words)
    said = capsys.readouterr().out
    numbers = json.loads((files / "audit.json").read_text())
    assert "of the in-domain images have a pool image" in said
    assert "leaks" not in numbers and 0 < numbers["coverage"] <= 1
    np.save("test.npy", POOL[:3])
    cli.main([*words, "--evaluation", "test.npy"])
    assert json.loads((files / "audit.json").read_text())["leaks"] >= 3
    assert "Remove them from the pool" in (files / "audit.md").read_text()
    np.save("few.npy", IN_DOMAIN[:5])
    with pytest.raises(SystemExit, match=r"few.npy: expected at least 20 in-domain images, got 5"):
        cli.main([*words, "--in-domain", "few.npy"])
