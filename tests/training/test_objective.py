"""One step of every method against its transcription, and what is remembered of its images."""

import copy

import pytest
import torch
from torch.nn.functional import normalize

from ballast.augment.views import augment
from ballast.frameworks.simclr import SimCLR
from ballast.tailness.memorization import memorization
from ballast.training.method import Domain, Method, Semantic
from ballast.training.optimisation import Optimisation
from ballast.training.resampling import Resampling
from tests.losses.test_domain import by_loops as domain_by_loops
from tests.losses.test_ntxent import by_loops as ntxent_by_loops
from tests.tailness.test_density import by_loops as density_by_loops
from tests.training.test_rounds import ALONE, HOW, ROUNDS, SPARSE, first_batch, training


def project(run, views, pairs):
    """Projections of [2B] views by two networks: SDCLR's second one has the masked weights, written out."""
    if isinstance(run.framework, SimCLR):
        return copy.deepcopy(run.framework.model)(views)[1]
    dense, pruned = copy.deepcopy(run.framework.model), copy.deepcopy(run.framework.model)
    size = torch.cat([m.weight.flatten() for m in pruned.encoder.modules() if isinstance(m, torch.nn.Conv2d)]).abs()
    threshold = size.sort().values[round(0.5 * len(size))]
    for module in pruned.encoder.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data *= module.weight.abs() >= threshold
    first, second, more = views[:pairs], views[pairs : 2 * pairs], views[2 * pairs :]
    z = dense(torch.cat([first, more]))[1]
    return torch.cat([z[:pairs], pruned(second)[1], z[pairs:]])


def a_full_batch(name, method=None):
    """A run at the start of its second epoch with pool images and memories in place, its batch and its projections."""
    run = training(name, Optimisation(**{**vars(HOW), "batch": 64}), method)
    torch.manual_seed(3)
    online = run.method.resampling
    rows = 40 + (12 if online else 0)
    if online:
        run.state.memory["chosen"] = torch.arange(12)
    for memory in {"density", "loss"} & set(run.state.memory):
        run.state.memory[memory] = torch.rand(rows) + 1
    if run.method.semantic:
        run.state.memory["bank"] = normalize(torch.randn(rows, 8))
    if run.method.guidance:
        run.state.memory["guide"] = normalize(torch.randn(40, 8))
    index, seen = first_batch(run, 2)
    images = torch.cat([run.seed_images.images, run.pool.images[:12]]) if online else run.seed_images.images
    views = [augment(images[i : i + 1], run.draws.map(lambda column, i=i, v=v: column[i, v][None]), 8)
             for v in (0, 1) for i in index.tolist()]
    if run.method.guidance:
        others = run.drawn[index[index < 40]].tolist()
        views += [augment(images[i : i + 1], run.draws.map(lambda column, i=i: column[i, 2][None]), 8) for i in others]
    torch.testing.assert_close(seen, torch.cat(views))
    with torch.no_grad():
        z = project(run, torch.cat(views), len(index))
    return run, (index, seen), z


@pytest.mark.parametrize("name", [*ALONE, "colt", "sdclr-colt", "bcl-colt", "guided-random"])
def test_one_full_batch_step_equals_its_transcription(name):
    run, (index, views), z = a_full_batch(name)
    before = {key: value.clone() for key, value in run.state.memory.items()}
    loss = run._step(index, views)["loss"]
    per_view = torch.tensor(ntxent_by_loops(*z.chunk(2), 0.2))
    expected = per_view.mean()
    s = (z @ z.T / 0.2).fill_diagonal_(-torch.inf)
    if run.method.domain:
        is_pool = (index >= 40).repeat(2).tolist()
        expected = expected + run.method.domain.weight * domain_by_loops(s, is_pool, run.method.domain.form)
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-5)
    if "density" in before:
        known = 0.9 * before["density"][index] + 0.1 * density_by_loops(z, 0.2, 5)
        torch.testing.assert_close(run.state.memory["density"][index], known, rtol=1e-4, atol=1e-5)
    if "loss" in before:
        known = 0.97 * before["loss"][index] + 0.03 * per_view.view(2, -1).mean(0)
        torch.testing.assert_close(run.state.memory["loss"][index], known, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["code", "poster"])
def test_both_forms_of_the_domain_loss_equal_their_transcription(form):
    run, (index, views), z = a_full_batch("colt", Method(ROUNDS, Domain(0.7, form)))
    s = (z @ z.T / 0.2).fill_diagonal_(-torch.inf)
    expected = torch.tensor(ntxent_by_loops(*z.chunk(2), 0.2)).mean() + 0.7 * domain_by_loops(
        s, (index >= 40).repeat(2).tolist(), form)
    torch.testing.assert_close(run._step(index, views)["loss"], expected, rtol=1e-4, atol=1e-5)


def semantic_by_loops(run, index, z, bank):
    plain, total = ntxent_by_loops(*z.chunk(2), 0.2), 0.0
    for v in range(len(z)):
        i = index[v % len(index)]
        cosine = (bank @ bank[i]).index_fill(0, i, -2)
        b = bank[cosine.argmax()]
        others = sum((z[v] @ z[u] / 0.2).exp() for u in range(len(z)) if u % len(index) != v % len(index))
        near = ((z[v] @ b / 0.2).exp() + others).log() - z[v] @ b / 0.2
        share = run.method.semantic.weight if cosine.max() >= run.method.semantic.threshold else 0.0
        total += (1 - share) * plain[v] + share * near
    return total / len(z)


def test_one_full_batch_step_of_the_guide_equals_its_transcription():
    run, (index, views), z = a_full_batch("guided", Method(SPARSE, None, Semantic(0.5, 0.3)))
    bank = run.state.memory["bank"].clone()
    loss = run._step(index, views)["loss"]
    torch.testing.assert_close(loss, semantic_by_loops(run, index, z, bank), rtol=1e-4, atol=1e-4)
    assert not torch.equal(run.state.memory["bank"], bank)


def test_one_full_batch_step_of_joint_training_equals_its_transcription():
    run, (index, views), z = a_full_batch("guided-joint")
    bank, pairs = run.state.memory["bank"].clone(), len(index)
    losses = run._step(index, views)
    stage_1 = semantic_by_loops(run, index, z[: 2 * pairs], bank)
    s = (z[: 2 * pairs] @ z[: 2 * pairs].T / 0.2).fill_diagonal_(-torch.inf)
    stage_1 = stage_1 + 0.3 * domain_by_loops(s, (index >= 40).repeat(2).tolist(), "poster")
    own = (index < 40).nonzero().squeeze(1)
    seen = torch.cat([z[own], z[pairs + own]])
    guided, distill = run.guide.losses(seen, z[2 * pairs :], index[own], run.drawn[index[own]], 0.2)
    torch.testing.assert_close(losses["loss"], stage_1 + guided + 0.4 * distill, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["colt", "bcl-colt", "guided", "guided-joint"])
@pytest.mark.parametrize("index", [range(40, 50), range(10)])
def test_a_batch_of_one_domain_has_a_finite_loss_and_gradient(name, index):
    run, _, _ = a_full_batch(name)
    index = torch.tensor(list(index))
    loss = run._step(index, run.images.views(*run._request(index)))["loss"]
    loss.backward()
    assert loss.isfinite() and all(p.grad.isfinite().all() for p in run.framework.parameters() if p.grad is not None)


def test_neighbours_below_one_are_a_share_of_the_negatives():
    share = Method(Resampling(**{**vars(ROUNDS), "neighbours": 0.05}))  # of 102 negatives: 5
    run, batch, _ = a_full_batch("colt", share)
    other, again, _ = a_full_batch("colt", Method(ROUNDS))
    run._step(*batch)
    other._step(*again)
    assert torch.equal(run.state.memory["density"], other.state.memory["density"])


def test_density_of_a_ragged_batch_is_scaled_to_a_full_one():
    run = training("colt")
    run._begin_epoch(1)
    torch.manual_seed(0)
    z = normalize(torch.randn(8, 4))
    s = (z @ z.T / 0.2).fill_diagonal_(-torch.inf)
    run.objective._remember_density(s, s.logsumexp(1), torch.arange(4), full=16)
    torch.testing.assert_close(run.state.memory["density"][:4], density_by_loops(z, 0.2, 5) * 6 / 30)


def test_memorization_boosts_the_augmentation_from_the_second_epoch_and_never_of_new_pool_images():
    run = training("bcl")
    run._begin_epoch(1)
    assert run.draws.operation is None  # plain SimCLR
    run, _, _ = a_full_batch("bcl-colt")
    assert (run.draws.operation[40:] == -1).all() and (run.draws.operation[:40] >= 0).any()
    m = memorization(run.state.memory["loss"][:40])
    never, always = m.argmin(), m.argmax()
    fresh = [run._draw(epoch).operation for epoch in range(2, 40)]
    applied = torch.stack([(operation >= 0).float().mean((1, 2)) for operation in fresh]).mean(0)
    assert applied[always] > 0.8 or m[always] < 1
    assert abs(applied[:40].mean() - m.mean()) < 0.05 and abs(applied[never] - m[never]) < 0.2
