"""Every row and every variant of params.yaml trains, and no variant does the same as what it varies."""

import pytest
import torch

from ballast.config.profile import Backbone
from ballast.config.rows import with_variant
from tests.builders import Memory, flat_weights
from tests.training.rows import PARAMS, PROFILE, SCENE, train, trainer

ONLY_SELECTION = {  # other images, the same training
    "mak-tailness", "mak-proximity", "mak-both", "mak-eyes", "mak-shortlist", "colt-shortlist", "hkmeans", "semdedup",
    "retrieval", "retrieval-sparse", "facility"}

SLOW = {"colt-in-domain"}  # three epochs change a memory too little for other budgets (tests/ideas/test_colt.py)


@pytest.fixture(scope="module")
def ends():
    return {row: flat_weights(train(PARAMS, row)) for row in (*PARAMS["methods"], *PARAMS["students"])}


def test_every_row_trains_to_an_end_of_its_own(ends):
    """But for balanced, random, kcenter and mak, which differ by their images alone, and for what does not train."""
    assert all(end.isfinite().all() for end in ends.values())
    different = [ends[row] for row in ends if row not in ("balanced", "random", "kcenter", "frozen")]
    assert torch.equal(ends["frozen"], ends["pool"])
    assert not any(torch.equal(a, b) for i, a in enumerate(different) for b in different[:i])


@pytest.mark.parametrize("name", PARAMS["variants"])
def test_every_variant_changes_what_is_learnt(name, ends):
    variant = PARAMS["variants"][name]
    row = variant.get("row", variant["of"])
    end = flat_weights(train(with_variant(PARAMS, name), row))
    assert end.isfinite().all()
    same = len(end) == len(ends[row]) and torch.equal(end, ends[row])
    assert same == (name in ONLY_SELECTION) or name in SLOW


@pytest.mark.parametrize("row", ["simclr", "sdclr", "bcl", "colt", "guide", "guided"])
def test_a_vit_trains_five_epochs_of_every_row(row, monkeypatch):
    for stage in ("pretrain", "student"):
        monkeypatch.setitem(PROFILE[stage], "epochs", 5)
        monkeypatch.setitem(PROFILE[stage], "optimizer", "adamw")
        monkeypatch.setitem(PROFILE[stage], "lr", 0.001)
    vit = Backbone(source="timm", name="vit_tiny_patch16_224", projection=8, options={
        "img_size": 8, "patch_size": 4, "embed_dim": 16, "depth": 2, "num_heads": 2})
    training = trainer(PARAMS, row, SCENE._replace(network=vit))
    before = flat_weights(training.framework.model)
    training.train(Memory())
    assert training.state.epoch == 5
    end = flat_weights(training.framework.model)
    assert end.isfinite().all() and not torch.equal(before, end)
    if row == "sdclr":  # the norms are shared, and the linear layers are pruned
        kept = {name: mask.float().mean().item() for name, mask in training.framework.pruned.masks.items()}
        assert any(".attn.qkv." in name for name in kept) and min(kept.values()) < 0.7
        assert not any("norm" in name for name in training.framework.pruned.names if name.startswith("encoder."))
