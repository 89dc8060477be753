"""Rows that start from a file, and pool images that are chosen by embeddings from elsewhere, under DVC."""

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file

from ballast.config.build import built
from ballast.config.profile import AnyNetwork
from ballast.encoders.model import build
from tests import ROOT

pytestmark = pytest.mark.long

NETWORK = built(AnyNetwork, yaml.safe_load((ROOT / "configs/profiles/smoke.yaml").read_text())["network"])
SELECTED = "data/pool/kcenter/1/selected.csv"


def write_weights(folder, seed):
    state = build(NETWORK, 1, seed).encoder.state_dict()
    torch.save({"state_dict": {f"module.encoder_q.{name}": value for name, value in state.items()}, "epoch": 3},
               folder / "moco.pth")
    return state


@pytest.fixture(scope="module")
def project(make_project):
    """A project whose frozen row evaluates a file, and whose selections go by random vectors."""
    project = make_project()
    project.state = write_weights(project.folder, 1)
    chance = np.random.default_rng(0)
    project.vectors = chance.normal(size=(400, 6)).astype(np.float32)
    np.save(project.folder / "pool.npy", project.vectors)
    project.change({"repeats": 1, "weights": {"moco": "moco.pth"}, "methods.frozen.weights": "moco",
                    "embeddings": {"mine": {"images": "images.npy", "pool": "pool.npy"}}, "embed.encoder": "mine",
                    "methods.colt.pool": "seen", "compare": ["colt over frozen"],
                    "show": ["frozen", "kcenter", "colt"]})
    np.save(project.folder / "images.npy", np.ones((3, 6), np.float32))  # too few, until there are images
    project.run("dvc", "repro", "images", "pool")
    count = len(pd.read_csv(project.folder / "data/images/train/files.csv"))
    project.refused = project.run("dvc", "repro", "embeddings@mine", check=False).stdout
    np.save(project.folder / "images.npy", chance.normal(size=(count, 6)).astype(np.float32))
    project.ran = project.repro("evaluate@frozen", "pretrain@kcenter", "pretrain@colt")
    return project


def test_embeddings_of_other_images_are_one_line(project):
    assert "embeddings: images.npy: expected a row for each of the" in project.refused and "got 3" in project.refused


def test_the_frozen_row_is_the_file_and_has_no_history(project):
    found = load_file(project.folder / "runs/frozen/1/encoder.safetensors")
    assert all(torch.equal(found[name], project.state[name]) for name in project.state)
    assert (project.folder / "runs/frozen/1/history.csv").read_text() == "none\n"
    assert not (project.folder / "runs/frozen/1/head.safetensors").exists()
    assert "All" in (project.folder / "metrics/frozen.json").read_text()


def test_no_network_looks_at_the_pool_and_nobody_waits_for_simclr(project):
    assert "pretrain@simclr" not in project.ran
    assert not (project.folder / "data/embed/1/views").exists()


def test_tailness_is_refused_and_proximity_is_not(project):
    project.change({"selections.mak.alpha": 0.5})
    refused = project.run("dvc", "repro", "select_pool@mak", check=False).stdout
    assert "score_pool: no tailness" in refused and "selections.mak.alpha: expected 0 with given" in refused
    project.change({"show": ["frozen", "kcenter", "colt", "mak"]})
    assert "selections.mak.alpha: expected 0" in project.stage("check", check=False).stdout
    project.change({"selections.mak.alpha": 0.0})
    project.repro("select_pool@mak")
    chosen = pd.read_csv(project.folder / "data/pool/mak/1/selected.csv")
    assert chosen["ecle"].isna().all() and chosen["q"].notna().all()


def test_what_is_chosen_is_chosen_by_the_given_vectors(project):
    chosen = pd.read_csv(project.folder / SELECTED)["pool"].to_numpy()
    pool = project.vectors / np.linalg.norm(project.vectors, axis=1, keepdims=True)
    listed = np.load(project.folder / "data/split/1/longtail.npy")
    seeds = np.load(project.folder / "images.npy")[listed]
    seeds /= np.linalg.norm(seeds, axis=1, keepdims=True)
    first = (pool.astype(np.float16).astype(np.float32) @ seeds.astype(np.float16).astype(np.float32).T).max(1).argmin()
    assert chosen[0] == first and len(set(chosen)) == len(chosen)
    assert len(pd.read_csv(project.folder / "runs/colt/1/trace.csv")) > 0


def test_only_rows_that_start_from_a_file_depend_on_it(project):
    lock = yaml.safe_load((project.folder / "dvc.lock").read_text())["stages"]
    assert any(dep["path"] == "moco.pth" and dep["md5"] for dep in lock["weights@moco"]["deps"])
    write_weights(project.folder, 2)
    ran = set(project.repro("evaluate@frozen", "pretrain@kcenter", "pretrain@colt"))
    assert ran - {"recipes", "preflight"} == {"weights@moco", "pretrain@frozen", "evaluate@frozen"}


PICKLE = b"cos\nsystem\n(S'x'\ntR."


@pytest.mark.parametrize("damage", [lambda whole: whole[:1000], lambda whole: b"", lambda whole: PICKLE])
def test_a_damaged_file_is_one_line_before_any_work(project, damage):
    whole = (project.folder / "moco.pth").read_bytes()
    (project.folder / "moco.pth").write_bytes(damage(whole))
    try:
        done = project.stage("check", check=False)
        assert done.returncode == 1 and done.stdout.count("\n") == 1
        assert done.stdout.startswith("check: params.yaml: weights.moco: ")
    finally:
        (project.folder / "moco.pth").write_bytes(whole)
