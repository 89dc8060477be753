"""Every row and every variant of params.yaml trains, and no variant does the same as what it varies."""

import copy
from dataclasses import replace

import pytest
import torch

from ballast.config.files import read_chosen, read_params
from ballast.config.recipe import load_recipe, load_student, merged_recipe, student_recipe
from ballast.config.rows import with_variant
from ballast.encoders.embed import embed
from ballast.encoders.model import build
from ballast.ideas import guidance
from ballast.ideas.idea import Setup
from ballast.training.batches import matched_epochs
from ballast.training.build import framework, ideas
from ballast.training.trainer import Trainer
from tests import ROOT
from tests.builders import AUGMENT, NETWORK, Memory, flat_weights, random_images

PARAMS = read_params(ROOT)
PROFILE = read_chosen(PARAMS, "profile", ROOT)
SHORT = {"epochs": 4, "batch": 16, "lr": 0.1, "warmup": 1}
PROFILE["pretrain"] |= SHORT
PROFILE["student"] |= SHORT
PROFILE["sampling"] = {"budget": 12, "warmup": 1, "every": 1}
ONLY_SELECTION = {"mak-tailness", "mak-proximity", "mak-both"}  # another choice of images, the same training
CPU = torch.device("cpu")


def train(params, row):
    """Return the model at the end of a short training of a row; a student's guide is trained before it."""
    if row in params["students"]:
        return train_student(params, row)
    recipe = load_recipe(merged_recipe(params, PROFILE, row))
    images, pool = random_images(40), random_images(50, seed=1)
    sampling = None if recipe.match_updates else recipe.sampling
    optimization = recipe.optimization
    if recipe.match_updates:
        optimization = replace(optimization, epochs=matched_epochs(optimization.epochs, 40, 12, 1, optimization.batch))
    pool = None if params["methods"][row]["pool"] == "none" else pool
    joining = sampling.budget if sampling else len(pool) if pool else 0
    model = build(NETWORK, 1, 1, recipe.layers)
    Trainer(framework(recipe.framework, model, recipe.prune), images, pool,
            ideas(recipe.ideas, Setup(40, joining, optimization.epochs, sampling, CPU)), optimization, AUGMENT,
            1).train(Memory())
    return model


def train_student(params, row):
    """Return the model at the end of a short training of a student."""
    recipe = load_student(student_recipe(params, PROFILE, row))
    model, images = copy.deepcopy(train(params, recipe.guide)), random_images(40)
    idea = guidance.Idea(recipe.guidance, Setup(40, 0, 4, None, CPU), embed(model, images)[1])
    Trainer(framework(recipe.framework, model, recipe.prune), images, None, {"guidance": idea}, recipe.optimization,
            AUGMENT, 1, contrast_weight=0.0, what="student").train(Memory())
    return model


@pytest.fixture(scope="module")
def ends():
    return {row: flat_weights(train(PARAMS, row)) for row in (*PARAMS["methods"], *PARAMS["students"])}


def test_every_row_trains_to_an_end_of_its_own(ends):
    """But for balanced, random, kcenter and mak, which differ by their images alone."""
    assert all(end.isfinite().all() for end in ends.values())
    different = [ends[row] for row in ends if row not in ("balanced", "random", "kcenter")]
    assert not any(torch.equal(a, b) for i, a in enumerate(different) for b in different[:i])


@pytest.mark.parametrize("name", PARAMS["variants"])
def test_every_variant_changes_what_is_learnt(name, ends):
    variant = PARAMS["variants"][name]
    row = variant.get("row", variant["of"])
    end = flat_weights(train(with_variant(PARAMS, name), row))
    assert end.isfinite().all()
    same = len(end) == len(ends[row]) and torch.equal(end, ends[row])
    assert same == (name in ONLY_SELECTION)
