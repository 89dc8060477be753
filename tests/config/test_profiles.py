"""The papers' settings, checked without their data: schedules, resampling events, networks, and what is tuned."""

import pytest
import torch
import yaml

from ballast.config.merge import merged
from ballast.encoders.model import build
from ballast.training.method import framework, method, optimisation
from ballast.training.schedule import batches_per_epoch, resampling_epochs, warmup_cosine
from tests import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
IMAGES = {"cifar10_lt": 11165, "cifar100_lt": 9754, "imagenet100_lt": 12205, "places_lt": 62500}


def settings(profile, row):
    block = PARAMS["profiles"][profile]
    return merged(block["pretrain"], PARAMS["methods"][row]["pretrain"], block["tuned"][row])


@pytest.mark.parametrize(("profile", "before", "after", "steps", "events"), [
    ("cifar10_lt", 22, 42, 82_000, 76), ("cifar100_lt", 20, 39, 76_100, 76),
    ("imagenet100_lt", 48, 87, 39_600, 16), ("places_lt", 245, 284, 138_100, 16)])
def test_schedule_lengths_and_resampling_events_of_colt_are_the_papers(profile, before, after, steps, events):
    how, rounds = settings(profile, "colt"), PARAMS["profiles"][profile]["sampling"]
    epochs = resampling_epochs(how["epochs"], rounds["warmup"], rounds["every"])
    assert len(epochs) == events and epochs[0] == rounds["warmup"] + 1
    batches = batches_per_epoch(IMAGES[profile], rounds["budget"], epochs[0], how["epochs"], how["batch"])
    assert (batches[0], batches[-1], sum(batches)) == (before, after, steps)
    warm = sum(batches[: how["warmup"]])
    assert warm == 10 * before and warmup_cosine(warm, how["lr"], warm, steps) == pytest.approx(0.5)
    assert warmup_cosine(steps, how["lr"], warm, steps) == pytest.approx(1e-6)


def test_a_thousand_epochs_have_36_rounds():
    assert len(resampling_epochs(1000, 100, 25)) == 36


@pytest.mark.parametrize("profile", IMAGES)
@pytest.mark.parametrize("row", PARAMS["methods"])
def test_every_method_can_be_built_under_every_profile(profile, row):
    how, network = settings(profile, row), PARAMS["profiles"][profile]["network"]
    small = {**network, "width": 16, "depths": [1, 1]}
    views = torch.rand(4, 3, 64 if network["stem"] == "imagenet" else 32, 64 if network["stem"] == "imagenet" else 32)
    assert framework(how, build(small, 3, 0, how.get("layers", 2))).project(views, 2).shape == (4, 128)
    ideas = method(how, PARAMS["profiles"][profile]["sampling"])
    assert optimisation(how).lr == 0.5 and optimisation(how).momentum == 0.9 and optimisation(how).warmup == 10
    if ideas.resampling:
        assert (ideas.resampling.budget, ideas.resampling.warmup, ideas.resampling.every) == (10_000, 100, 25)
        assert (ideas.resampling.clusters, ideas.resampling.neighbours) == (10, 10)


@pytest.mark.parametrize(("profile", "row", "value"), [
    ("cifar10_lt", "sdclr", {"prune": 0.9, "temperature": 0.2, "epochs": 2000, "batch": 512}),
    ("cifar100_lt", "bcl", {"weight_decay": 5e-4, "boost": {"momentum": 0.97, "operations": 1}}),
    ("cifar100_lt", "simclr", {"weight_decay": 1e-4}),
    ("cifar100_lt", "colt", {"domain": {"weight": 0.2, "form": "code"}}),
    ("imagenet100_lt", "sdclr", {"prune": 0.3, "temperature": 0.3, "epochs": 500, "batch": 256}),
    ("imagenet100_lt", "mak", {"epochs": 1000, "temperature": 0.2}),
    ("imagenet100_lt", "colt", {"domain": {"weight": 0.01, "form": "code"}, "epochs": 500}),
    ("places_lt", "colt", {"domain": {"weight": 0.01, "form": "code"}}),
    ("places_lt", "guided", {"domain": {"weight": 0.3, "form": "poster"}})])
def test_values_of_the_method_card(profile, row, value):
    found = settings(profile, row)
    assert {key: found[key] for key in value} == value


@pytest.mark.parametrize(("profile", "parameters"), [("cifar10_lt", 11_168_832), ("imagenet100_lt", 23_508_032)])
def test_networks_are_resnet18_and_resnet50(profile, parameters):
    encoder = build(PARAMS["profiles"][profile]["network"], 3, 0).encoder
    assert sum(parameter.numel() for parameter in encoder.parameters()) == parameters
