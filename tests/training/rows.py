"""Short trainings of the rows of params.yaml, as the stages make them, on any device."""

from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple

import torch
from torch.nn.functional import normalize

from ballast.config.files import read_chosen, read_params
from ballast.config.profile import Augment, Network
from ballast.config.recipe import load_recipe, load_student, merged_recipe, student_recipe
from ballast.encoders.embed import embed
from ballast.encoders.model import Model, build
from ballast.ideas import guidance
from ballast.ideas.idea import Seen, Setup
from ballast.images.store import Store
from ballast.runtime.batchnorm import synchronize_batchnorm
from ballast.training.batches import matched_epochs
from ballast.training.build import framework, ideas
from ballast.training.trainer import Trainer
from tests import ROOT
from tests.builders import AUGMENT, NETWORK, Memory, random_images

PARAMS = read_params(ROOT)
PROFILE = read_chosen(PARAMS, "profile", ROOT)
SHORT = {"epochs": 3, "batch": 16, "lr": 0.1, "warmup": 1}
PROFILE["pretrain"] |= SHORT
PROFILE["student"] |= SHORT
PROFILE["sampling"] = {"budget": 12, "warmup": 1, "every": 1}


class Scene(NamedTuple):
    """What the trainings have in common."""

    in_domain: Store
    pool: Store
    network: Network = NETWORK
    augment: Augment = AUGMENT
    device: torch.device = torch.device("cpu")


SCENE = Scene(random_images(40), random_images(50, seed=1))


def train(params: dict, row: str, scene: Scene = SCENE) -> Model:
    """Return the model at the end of a short training of a row; a student's guide is trained before it."""
    training = trainer(params, row, scene)
    training.train(Memory())
    return training.framework.model


def trainer(params: dict, row: str, scene: Scene = SCENE) -> Trainer:
    """Return a row's training from the start; the one of a student has a trained guide."""
    return student(params, row, scene) if row in params["students"] else pretraining(params, row, scene)


def pretraining(params: dict, row: str, scene: Scene) -> Trainer:
    """Return the pre-training of a row."""
    recipe, method = load_recipe(merged_recipe(params, PROFILE, row)), params["methods"][row]
    if "harmonization" in recipe.ideas:  # of a head as small as the tests'
        recipe.ideas["harmonization"] = replace(recipe.ideas["harmonization"], vertices=4)
    images = scene.in_domain.to(scene.device)
    if method["images"] == "none":
        images = images.take(torch.arange(0))
    count = len(images)
    sampling = None if recipe.match_updates else recipe.sampling
    optimization = recipe.optimization
    if recipe.match_updates:
        epochs = matched_epochs(optimization.epochs, count, 12, 1, optimization.batch)
        optimization = replace(optimization, epochs=epochs)
    pool = None if method["pool"] == "none" else scene.pool.to(scene.device)
    joining = sampling.budget if sampling else len(pool) if pool else 0
    model = build(scene.network, images.channels, 1, recipe.layers).to(scene.device)
    if method["weights"] != "none":
        model.load_state_dict(train(params, method["weights"], scene).state_dict())
    model = synchronize_batchnorm(model)
    setup = Setup(count, joining, optimization.epochs, sampling, scene.device)
    eyes = seen(params, scene) if method["pool"] == "seen" else None
    return Trainer(framework(recipe.framework, model, recipe.prune, optimization.freeze), images, pool,
                   ideas(recipe.ideas, setup), optimization, scene.augment, 1, seen=eyes)


def seen(params: dict, scene: Scene) -> Seen:
    """Return the features by which rounds choose."""
    model = train(params, params["embed"]["encoder"], scene)
    return Seen(*(normalize(embed(model, store.to(scene.device))[0]) for store in (scene.in_domain, scene.pool)))


def student(params: dict, row: str, scene: Scene) -> Trainer:
    """Return the training of a student under its trained guide."""
    recipe = load_student(student_recipe(params, PROFILE, row))
    model, images = train(params, recipe.guide, scene), scene.in_domain.to(scene.device)
    pool = scene.pool.take(torch.arange(12)).to(scene.device) if recipe.guidance.distill_pool else None
    every = images if pool is None else images.join(pool)
    setup = Setup(len(images), len(every) - len(images), recipe.optimization.epochs, None, scene.device)
    idea = guidance.Idea(recipe.guidance, setup, guidance.Clean(*embed(model, every)))
    guide = deepcopy(model) if recipe.guidance.distill_views == "same" else None
    return Trainer(framework(recipe.framework, model, recipe.prune), images, pool, {"guidance": idea},
                   recipe.optimization, scene.augment, 1, contrast_weight=0.0, what="student", guide=guide)
