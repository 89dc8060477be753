"""Degenerate embeddings and images: a collapsed network, duplicates, empty clusters; every choice stays defined."""

from dataclasses import replace

import pytest
import torch

from ballast.embeddings.clusters import kmeans, refine_by_kl
from ballast.encoders.model import build
from ballast.ideas import colt
from ballast.ideas.guidance import Guide
from ballast.ideas.idea import Epoch, Setup
from ballast.runtime.rng import generator
from ballast.selection import mak
from ballast.selection.kcenter import kcenter_greedy
from ballast.tailness.ecle import ecle
from tests.builders import NETWORK, random_images
from tests.training.runs import COLT, GUIDANCE, SAMPLING

EQUAL = torch.nn.functional.normalize(torch.ones(20, 8))


def collapsed():
    model = build(NETWORK, 1, 1)
    with torch.no_grad():
        model.head[-1].weight.zero_()
        model.head[-1].bias.fill_(1.0)
    return model


@pytest.mark.parametrize("tailness, refine", [("density", False), ("sparsity", True), ("sparsity", False)])
@pytest.mark.parametrize("remainder", ["largest", "last"])
def test_a_collapsed_network_still_gets_its_budget_of_different_images(tailness, refine, remainder):
    setup = Setup(20, SAMPLING.budget, 6, SAMPLING, torch.device("cpu"))
    idea = colt.Idea(replace(COLT, clusters=4, tailness=tailness, refine=refine, remainder=remainder), setup)
    if tailness == "density":
        idea.rho[:20] = 0.5  # all equal: no spread either
    chosen = idea.sample(Epoch(3, lambda purpose: generator(1, purpose), collapsed(), random_images(20),
                               random_images(30, seed=1)))
    assert len(set(chosen.index.tolist())) == 12 and chosen.cosine.isfinite().all()


def test_duplicates_fill_fewer_clusters_than_asked():
    z = EQUAL.repeat(2, 1)
    z[20:] = -z[20:]
    labels, centres = kmeans(z, 5)
    assert len(labels.unique()) == 2 and centres.isfinite().all()
    labels, centres = refine_by_kl(z, centres)
    assert centres.isfinite().all() and (labels[:20] == labels[0]).all() and labels[0] != labels[20]


def test_static_selection_of_equal_images_is_distinct():
    tailness = ecle(torch.stack([EQUAL, EQUAL]), 0.2, 2, 8, 1)
    assert tailness.isfinite().all()
    q = mak.score(tailness, torch.zeros(20), 0.3)
    assert q.isfinite().all()
    assert len(set(mak.select(q, EQUAL, EQUAL, 10, 1.5).tolist())) == 10
    assert len(set(kcenter_greedy(EQUAL, EQUAL, 20).tolist())) == 20


@pytest.mark.parametrize("negatives", ["clusters", "all", "drawn"])
@pytest.mark.parametrize("weights", ["linear", "exp", "none"])
def test_a_collapsed_guide_gives_finite_losses_and_gradients(weights, negatives):
    guide = Guide(EQUAL, replace(GUIDANCE, neighbours=5, weights=weights, negatives=negatives))
    index = torch.arange(20)
    other = guide.draw(generator(1, "test"))
    assert (other[:, 0] != index).all()
    z = torch.randn(40 + other.numel(), 8).requires_grad_()
    unit = torch.nn.functional.normalize(z)
    guide.contrast(unit[:40], unit[40:].unflatten(0, other.shape), index, other, 0.2).backward()
    assert z.grad.isfinite().all()
