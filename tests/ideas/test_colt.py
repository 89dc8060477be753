"""COLT: rounds, what a batch adds to the density, and an unknown tailness."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from ballast.ideas import colt
from ballast.ideas.idea import Batch, Contrast, Setup
from ballast.tailness.sparsity import neighbourhood_density
from tests.builders import OPTIMIZATION
from tests.oracles.density import density_by_loops
from tests.training.runs import COLT, SAMPLING, epoch_of, first_batch, training

SETUP = Setup(40, 12, 6, SAMPLING, torch.device("cpu"))


def batch_of(z, full):
    """Return a batch of in-domain images with projections z [2B, d]."""
    index = torch.arange(len(z) // 2)
    return Batch(index, index < 0, z, index, None, None, full)


def test_rounds_begin_after_the_warm_up_and_come_every_r_epochs():
    assert [len(colt.resampling_epochs(epochs, 100, 25)) for epochs in (2000, 1000, 500)] == [76, 36, 16]
    assert colt.resampling_epochs(10, 3, 4) == [4, 8] and colt.resampling_epochs(3, 3, 1) == []


@pytest.mark.parametrize(("full", "kept"), [(4, False), (5, True)])  # four images are a whole batch, or a ragged one
def test_a_ragged_batch_is_remembered_of_new_images_alone(full, kept):
    torch.manual_seed(0)
    z = normalize(torch.randn(8, 4))
    idea, contrast, d = colt.Idea(COLT, SETUP), Contrast.of(z, 0.2), density_by_loops(z, 0.2, 5)
    idea.rho[:3] = 0.5
    idea.terms(batch_of(z, full), contrast)
    changed = torch.full((3,), 0.5) if kept else COLT.momentum * 0.5 + (1 - COLT.momentum) * d[:3]
    torch.testing.assert_close(idea.rho[:4], torch.cat([changed, d[3:]]).to(idea.rho.dtype))


def test_neighbours_below_one_are_a_share_of_the_negatives():
    torch.manual_seed(0)
    z = normalize(torch.randn(104, 4))
    share, number = (colt.Idea(replace(COLT, neighbours=k), SETUP).batch_density(batch_of(z, 52), Contrast.of(z, 0.2))
                     for k in (0.05, 5))  # of 102 negatives: 5
    assert torch.equal(share, number)


def test_the_budget_goes_to_clusters_of_low_density():
    idea = colt.Idea(COLT, SETUP)
    z = normalize(torch.cat([torch.eye(3)[[row]].expand(count, 3) for row, count in enumerate((20, 15, 5))])
                  + 0.01 * torch.randn(40, 3, generator=torch.Generator().manual_seed(0)))
    idea.rho[:40] = torch.cat([torch.full((20,), 0.9), torch.full((15,), 0.8), torch.full((5,), 0.1)])
    cluster, tailness, budget = idea.allotment(z)
    assert torch.equal(tailness, -idea.rho[:40])
    assert budget.sum() == SAMPLING.budget and budget.argmax() == cluster[-1]


def test_a_round_takes_the_pool_images_nearest_to_its_centres():
    run = training("colt", replace(OPTIMIZATION, batch=64))
    for epoch in (1, 2):
        run.step(*first_batch(run, epoch))
    idea, epoch = run.ideas["colt"], epoch_of(run, 3)
    idea.begin(epoch)
    chosen = epoch.round
    centres, allotment = idea.allot(chosen.z_in_domain)
    assert all(torch.equal(*pair) for pair in zip(allotment, chosen.allotment))
    assert torch.bincount(chosen.cluster, minlength=3).tolist() == allotment.budget.tolist()
    cosine = (chosen.z_pool * normalize(centres)[chosen.cluster]).sum(1)
    torch.testing.assert_close(cosine, chosen.cosine)


def test_neighbours_are_a_whole_number_or_a_fraction():
    assert COLT.problem() is None and replace(COLT, neighbours=0.01).problem() is None
    assert replace(COLT, neighbours=1.5).problem().startswith("neighbours: expected a whole number or a fraction")
    assert replace(COLT, neighbours=0.5, tailness="sparsity").problem().startswith("neighbours: expected at least 1")


def test_the_density_may_look_at_in_domain_images_alone():
    torch.manual_seed(0)
    z = normalize(torch.randn(16, 4))
    index = torch.tensor([0, 1, 2, 3, 4, 40, 41, 42])
    batch = Batch(index, index >= 40, z, torch.arange(5), None, None, 8)
    idea = colt.Idea(replace(COLT, negatives="in_domain"), SETUP)
    alone = torch.cat([z[:5], z[8:13]])
    torch.testing.assert_close(idea.batch_density(batch, Contrast.of(z, 0.2))[:5],
                               density_by_loops(alone, 0.2, 5).to(z.dtype), rtol=1e-4, atol=1e-5)


def test_sparsities_are_averaged_over_rounds_where_a_momentum_is_asked_for():
    idea = colt.Idea(replace(COLT, tailness="sparsity", momentum=0.75), SETUP)
    torch.manual_seed(0)
    first, second = normalize(torch.randn(40, 4)), normalize(torch.randn(40, 4))
    idea.allot_and_remember(first)
    expected = 0.75 * neighbourhood_density(first, 5) + 0.25 * neighbourhood_density(second, 5)
    torch.testing.assert_close(idea.allotment(second).tailness, -expected)
    torch.testing.assert_close(idea.rho, neighbourhood_density(first, 5))  # a report remembers nothing
    idea.allot_and_remember(second)
    torch.testing.assert_close(idea.tailness()["sparsity"], -expected)


def test_the_momentum_may_follow_the_length_of_the_training():
    assert colt.Idea(replace(COLT, momentum=0.97, momentum_epochs=2000), SETUP).momentum == 0.97 ** (2000 / 6)
    assert colt.Idea(replace(COLT, momentum=0.97), SETUP).momentum == 0.97
