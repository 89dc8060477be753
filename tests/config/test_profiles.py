"""The papers' settings, checked without their data: schedules, rounds, networks, and what profiles adapt."""

import pytest

from ballast.config.recipe import load_recipe, merged_recipe
from ballast.encoders.model import build
from ballast.ideas.colt import resampling_epochs
from ballast.training.batches import batches_per_epoch
from ballast.training.schedule import warmup_cosine
from tests.config.configuration import PROFILES, ROWS, params, profile

BCL = {"momentum": 0.97, "momentum_epochs": 0, "operations": 1}
IMAGES = {"cifar10_lt": 11165, "cifar100_lt": 9754, "imagenet100_lt": 12205, "places_lt": 62500}


def recipe(name, row):
    return load_recipe(merged_recipe(params(name), profile(name), row))


@pytest.mark.parametrize(("name", "before", "after", "steps", "rounds"), [
    ("cifar10_lt", 22, 42, 82_000, 76), ("cifar100_lt", 20, 39, 76_100, 76),
    ("imagenet100_lt", 48, 87, 39_600, 16), ("places_lt", 245, 284, 138_100, 16)])
def test_schedule_lengths_and_rounds_of_colt_are_the_papers(name, before, after, steps, rounds):
    settings, sampling = recipe(name, "colt").optimization, recipe(name, "colt").sampling
    epochs = resampling_epochs(settings.epochs, sampling.warmup, sampling.every)
    assert len(epochs) == rounds and epochs[0] == sampling.warmup + 1
    batches = batches_per_epoch(IMAGES[name], sampling.budget, epochs[0], settings.epochs, settings.batch)
    assert (batches[0], batches[-1], sum(batches)) == (before, after, steps)
    warm = sum(batches[: settings.warmup])
    assert warm == 10 * before and warmup_cosine(warm, settings.lr, warm, steps) == pytest.approx(0.5)
    assert warmup_cosine(steps, settings.lr, warm, steps) == pytest.approx(1e-6)


def test_a_thousand_epochs_have_36_rounds():
    assert len(resampling_epochs(1000, 100, 25)) == 36


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("row", [row for row in ROWS if row not in ("pool", "frozen")])  # which no paper has
def test_every_row_has_the_papers_optimizer_and_rounds(name, row):
    settings = recipe(name, row)
    optimization = settings.optimization
    assert (optimization.lr, optimization.momentum, optimization.warmup) == (0.5, 0.9, 10)
    assert settings.layers == 2 and settings.match_updates == (row == "matched")
    if settings.sampling:
        assert (settings.sampling.budget, settings.sampling.warmup, settings.sampling.every) == (10_000, 100, 25)
    if "colt" in settings.ideas:
        assert (settings.ideas["colt"].clusters, settings.ideas["colt"].neighbours) == (10, 10)


@pytest.mark.parametrize(("name", "row", "values"), [
    ("cifar10_lt", "sdclr", {"prune": 0.9, "temperature": 0.2, "epochs": 2000, "batch": 512}),
    ("cifar10_lt", "sdclr-colt", {"prune": 0.9, "domain": {"weight": 0.2, "form": "code"}}),
    ("cifar100_lt", "sdclr", {"prune": 0.9, "weight_decay": 1e-4}),
    ("cifar100_lt", "bcl", {"weight_decay": 5e-4, "bcl": BCL}),
    ("cifar100_lt", "bcl-colt", {"weight_decay": 5e-4, "bcl": BCL}),
    ("cifar100_lt", "simclr", {"weight_decay": 1e-4}),
    ("cifar100_lt", "colt", {"domain": {"weight": 0.2, "form": "code"}}),
    ("imagenet100_lt", "sdclr", {"prune": 0.3, "temperature": 0.3, "epochs": 500, "batch": 256}),
    ("imagenet100_lt", "sdclr-colt", {"prune": 0.3, "temperature": 0.3, "domain": {"weight": 0.01, "form": "code"}}),
    ("imagenet100_lt", "mak", {"epochs": 1000, "temperature": 0.2}),
    ("imagenet100_lt", "random", {"epochs": 1000}), ("imagenet100_lt", "kcenter", {"epochs": 1000}),
    ("imagenet100_lt", "simclr", {"epochs": 500, "temperature_period": 0.5}),
    ("imagenet100_lt", "colt", {"domain": {"weight": 0.01, "form": "code"}, "epochs": 500}),
    ("imagenet100_lt", "bcl-colt", {"domain": {"weight": 0.01, "form": "code"}, "weight_decay": 1e-4}),
    ("imagenet100_lt", "guide", {"domain": {"weight": 0.3, "form": "poster"}}),
    ("places_lt", "sdclr", {"prune": 0.3, "temperature": 0.2}), ("places_lt", "mak", {"epochs": 500}),
    ("places_lt", "colt", {"domain": {"weight": 0.01, "form": "code"}, "temperature_period": 0.2}),
    ("places_lt", "guide", {"domain": {"weight": 0.3, "form": "poster"}, "momentum": 0.9})])
def test_values_of_the_papers(name, row, values):
    block = merged_recipe(params(name), profile(name), row)
    flat = {**block, **block["ideas"], **block["ideas"].get("colt", {}), **block["optimization"]}
    assert {key: flat[key] for key in values} == values


@pytest.mark.parametrize("name", PROFILES)
def test_the_guide_has_its_paper_s_settings_under_every_profile(name):
    block = merged_recipe(params(name), profile(name), "guide")["ideas"]
    assert block == {
        "colt": {"tailness": "sparsity", "neighbours": 10, "negatives": "all", "momentum": 0.0, "momentum_epochs": 0,
                 "clusters": 10, "refine": True, "temperature": 1.0, "remainder": "largest",
                 "domain": {"weight": 0.3, "form": "poster"}},
        "semantic": {"weight": 0.5, "threshold": 0.0}}


@pytest.mark.parametrize(("name", "parameters"), [("cifar10_lt", 11_168_832), ("imagenet100_lt", 23_508_032)])
def test_networks_are_resnet18_and_resnet50(name, parameters):
    encoder = build(profile(name)["network"], 3, 0).encoder
    assert sum(parameter.numel() for parameter in encoder.parameters()) == parameters
