"""Small trainings of every method, for the tests of training and ideas."""

from copy import deepcopy
from dataclasses import replace

import torch

from ballast.config.profile import Sampling
from ballast.encoders.embed import embed
from ballast.encoders.model import build
from ballast.ideas import bcl, colt, guidance, harmonization, semantic
from ballast.ideas.idea import Epoch, Setup
from ballast.images.store import Resident
from ballast.runtime.rng import generator
from ballast.training.build import framework, ideas
from ballast.training.trainer import Trainer
from tests.builders import AUGMENT, NETWORK, OPTIMIZATION, random_images

IN_DOMAIN, POOL = 40, 50
SAMPLING = Sampling(budget=12, warmup=2, every=2)
ROUNDS = {"neighbours": 5, "momentum": 0.9, "clusters": 3}
POSTER = colt.Domain(weight=0.3, form="poster")
COLT = colt.Settings(**ROUNDS)
SPARSE = colt.Settings(**ROUNDS, tailness="sparsity", refine=True, domain=POSTER)
RANDOM = colt.Settings(**ROUNDS, tailness="random", domain=POSTER)
SEMANTIC = semantic.Settings(weight=0.5, threshold=0.0)
GUIDANCE = guidance.Settings(neighbours=3, clusters=4, far=2, weights="linear", distill=0.4, distill_temperature=0.1)
METHODS = {  # share of pruned weights, ideas
    "simclr": (None, {}),
    "sdclr": (0.5, {}),
    "bcl": (None, {"bcl": bcl.Settings()}),
    "bcl-d": (0.5, {"bcl": bcl.Settings(operations=2)}),
    "colt": (None, {"colt": COLT}),
    "sdclr-colt": (0.5, {"colt": COLT}),
    "bcl-colt": (None, {"bcl": bcl.Settings(), "colt": COLT}),
    "poly-bcl-colt": (None, {"bcl": bcl.Settings(), "colt": COLT}),
    "poly-sdclr": (0.5, {"harmonization": harmonization.Settings(vertices=4)}),
    "poly-guide": (None, {"colt": SPARSE, "semantic": SEMANTIC}),
    "guide": (None, {"colt": SPARSE, "semantic": SEMANTIC}),
    "guide-random": (None, {"colt": RANDOM}),
    "guided-joint": (0.5, {"colt": SPARSE, "semantic": SEMANTIC, "guidance": GUIDANCE}),
}
VIEWS = {"poly-bcl-colt": 4, "poly-sdclr": 4, "poly-guide": 8}
ALONE = ("simclr", "sdclr", "bcl", "bcl-d")


def training(name, optimization=OPTIMIZATION, settings=None, pool=None, network=NETWORK, model=None):
    """Return a small pre-training.

    settings: other ideas than the method's. pool: selected images, where the method does not sample from a pool itself.
    """
    prune, usual = METHODS[name]
    optimization = replace(optimization, views=VIEWS.get(name, optimization.views))
    settings = usual if settings is None else settings
    rounds = SAMPLING if "colt" in settings else None
    pool = random_images(POOL, seed=1) if rounds else pool
    joining = SAMPLING.budget if rounds else len(pool) if pool else 0
    model = model or build(network, 1, 1)
    setup = Setup(IN_DOMAIN, joining, optimization.epochs, rounds, torch.device("cpu"))
    return Trainer(framework("simclr" if prune is None else "sdclr", model, prune), random_images(IN_DOMAIN), pool,
                   ideas(settings, setup), optimization, AUGMENT, 1)


def student(optimization=OPTIMIZATION, prune=None, settings=GUIDANCE, network=NETWORK, model=None, pool=None):
    """Return a small student, which starts as its guide; ``pool``: images to distill on."""
    model, images = model or build(network, 1, 1), random_images(IN_DOMAIN)
    every = images.join(pool) if pool else images
    setup = Setup(IN_DOMAIN, len(every) - IN_DOMAIN, optimization.epochs, None, torch.device("cpu"))
    idea = guidance.Idea(settings, setup, guidance.Clean(*embed(model, every)))
    guide = deepcopy(model) if settings.distill_views == "same" else None
    return Trainer(framework("simclr" if prune is None else "sdclr", model, prune), images, pool, {"guidance": idea},
                   optimization, AUGMENT, 1, contrast_weight=0.0, what="student", guide=guide)


def first_batch(run, epoch):
    """Return indices and views of the first batch of an epoch."""
    return next(iter(run.begin_epoch(epoch)))


def epoch_of(run, number):
    """Return an epoch that no idea has begun."""
    return Epoch(number, lambda purpose: generator(run.seed, purpose, number), run.framework.model, run.in_domain,
                 run.pool)


def pixels(run):
    """Return all images that a run trains on in an epoch, uint8."""
    assert isinstance(run.images, Resident)
    return run.images.images
