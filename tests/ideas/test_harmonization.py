"""Geometric Harmonization in a training: when it begins, what it remembers, what it estimates."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from ballast.ideas.harmonization import Idea, Settings, shares
from ballast.ideas.idea import Batch, Contrast, Setup
from ballast.losses.harmonization import to_vertices
from tests.training.runs import COLT, epoch_of, first_batch, training

SETTINGS = Settings(vertices=4, warmup=0.5, ramp=0.34, every=0.34)
SETUP = Setup(5, 0, 6, None, torch.device("cpu"))


def batch_of(z, in_domain):
    index = torch.arange(len(z) // 2)
    return Batch(index, index >= in_domain, z, index[:in_domain], None, None, len(index))


def test_it_begins_after_the_warm_up_with_a_rising_weight():
    idea, run = Idea(SETTINGS, SETUP), training("simclr")
    idea.s = normalize(torch.randn(5, 4))
    phases = []
    for number in range(1, 7):
        idea.begin(epoch_of(run, number))
        phases.append(idea.phase)
    assert phases == [0, 0, 0, 0.5, 1, 1]


def test_without_a_warm_up_the_first_epoch_is_still_remembered_first():
    idea = Idea(replace(SETTINGS, warmup=0.0), SETUP)
    idea.begin(epoch_of(training("simclr"), 1))
    assert idea.phase == 0


def test_the_prior_is_the_share_of_images_at_each_vertex_and_changes_when_due():
    idea, run = Idea(SETTINGS, SETUP), training("simclr")
    idea.s = torch.eye(4)[[0, 0, 0, 2, 3]]
    idea.begin(epoch_of(run, 4))
    assert idea.prior.tolist() == pytest.approx([0.6, 0, 0.2, 0.2])
    idea.s = torch.eye(4)[[1, 1, 1, 1, 1]]
    idea.begin(epoch_of(run, 5))
    assert idea.prior[0] == pytest.approx(0.6)  # every second epoch
    idea.begin(epoch_of(run, 6))
    assert idea.prior.tolist() == [0, 1, 0, 0]
    assert idea.tailness()["prior"].tolist() == [-1] * 5


def test_first_views_of_in_domain_images_alone_are_remembered():
    torch.manual_seed(0)
    z = normalize(torch.randn(14, 6))
    idea = Idea(SETTINGS, SETUP)
    batch = batch_of(z, in_domain=5)  # of seven
    assert idea.terms(batch, Contrast.of(z, 0.2)) == {}
    torch.testing.assert_close(idea.s, to_vertices(z[:5], 4))
    idea.phase, idea.prior = 0.5, shares(idea.s)
    weight, loss = idea.terms(batch, Contrast.of(z, 0.2))["harmonization"]
    assert weight == 0.5 and loss.isfinite()


def test_it_goes_with_rounds_of_colt():
    run = training("colt", settings={"colt": COLT, "harmonization": SETTINGS})
    names = []
    for epoch in range(1, 5):
        for batch in run.begin_epoch(epoch):
            names.append("harmonization" in run.step(*batch))
    assert any(names) and not names[0]
    assert "harmonization" in run.step(*first_batch(run, 5))
