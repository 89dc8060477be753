"""One step of every method against its transcription, and what is remembered of its images."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from ballast.augment.views import augment
from ballast.frameworks.simclr import SimCLR
from ballast.training.batches import shuffled_batches
from tests.builders import OPTIMIZATION
from tests.oracles.density import density_by_loops
from tests.oracles.distill import relational_kl_by_loops
from tests.oracles.domain import domain_by_loops
from tests.oracles.guided import guided_by_loops
from tests.oracles.ntxent import ntxent_by_loops
from tests.oracles.polyview import polyview_by_loops
from tests.oracles.pruned import pruned_copy
from tests.oracles.semantic import nearest_in_bank_by_loops, semantic_by_loops
from tests.training.runs import ALONE, COLT, RANDOM, SEMANTIC, SPARSE, first_batch, pixels, student, training

CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def project(run, views, pairs):
    """Project views by two networks: SDCLR's second one has the masked weights, written out."""
    dense = copy.deepcopy(run.framework.model)
    if isinstance(run.framework, SimCLR):
        return dense(views)[1]
    first, second, more = views[:pairs], views[pairs : 2 * pairs], views[2 * pairs :]
    z = dense(torch.cat([first, more]))[1]
    return torch.cat([z[:pairs], pruned_copy(run.framework.model, 0.5)(second)[1], z[pairs:]])


def seen_one_by_one(run, index, images):
    """Augment the views of a batch one visit at a time, by the draws of the epoch."""
    partners = [] if run.partner is None else run.partner[index[index < 40], 0].tolist()
    wanted = [(i, 0) for i in index.tolist()] + [(i, 1) for i in index.tolist()] + [(i, 2) for i in partners]
    drawn = [run.draw(torch.tensor([i]), range(v, v + 1)).map(lambda column: column[:, 0]) for i, v in wanted]
    return torch.cat([augment(images[i % len(images)][None], draws, 8) for (i, _), draws in zip(wanted, drawn)])


def a_full_batch(name, settings=None):
    """Return a run in its fourth epoch with all memories in place, its batch, and the projections of the batch."""
    run = training(name, replace(OPTIMIZATION, batch=64), settings)
    for epoch in range(1, 4):
        for index, views in run.begin_epoch(epoch):
            run.step(index, views)
    index, views = first_batch(run, 4)
    expected = seen_one_by_one(run, index, pixels(run))
    torch.testing.assert_close(views, expected)
    with torch.no_grad():
        return run, (index, views), project(run, expected, len(index))


def similarities(z):
    return (z @ z.T / 0.2).fill_diagonal_(-torch.inf)


def domain_term(z, index, domain):
    is_pool = (index >= 40).repeat(2).tolist()
    return domain.weight * domain_by_loops(similarities(z), is_pool, domain.form)


@pytest.mark.parametrize("name", [*ALONE, "colt", "sdclr-colt", "bcl-colt", "guide-random"])
def test_one_full_batch_step_equals_its_transcription(name):
    run, (index, views), z = a_full_batch(name)
    before = {key: value.clone() for idea in run.ideas.values() for key, value in idea.state().items()}
    loss = run.step(index, views)["loss"]
    per_view = torch.tensor(ntxent_by_loops(*z.chunk(2), 0.2))
    expected = per_view.mean()
    if "colt" in run.ideas:
        expected = expected + domain_term(z, index, run.ideas["colt"].settings.domain)
    torch.testing.assert_close(loss, expected, **CLOSE)
    if "rho" in before:
        density = density_by_loops(z, 0.2, 5)
        old = before["rho"][index]
        remembered = torch.where(old.isnan(), density, 0.9 * old + 0.1 * density)
        torch.testing.assert_close(run.ideas["colt"].rho[index], remembered, **CLOSE)
    if "m" in before:
        both_views = per_view.view(2, -1).mean(0)
        old = before["m"][index]
        remembered = torch.where(old.isnan(), both_views, 0.97 * old + 0.03 * both_views)
        torch.testing.assert_close(run.ideas["bcl"].m[index], remembered, **CLOSE)


@pytest.mark.parametrize("form", ["code", "poster"])
def test_both_forms_of_the_domain_loss_equal_their_transcription(form):
    domain = replace(COLT.domain, weight=0.7, form=form)
    run, (index, views), z = a_full_batch("colt", {"colt": replace(COLT, domain=domain)})
    expected = torch.tensor(ntxent_by_loops(*z.chunk(2), 0.2)).mean() + domain_term(z, index, domain)
    torch.testing.assert_close(run.step(index, views)["loss"], expected, **CLOSE)


def test_a_step_with_four_views_equals_its_transcription():
    run = training("poly-bcl-colt", replace(OPTIMIZATION, batch=64))
    for epoch in range(1, 4):
        for index, views in run.begin_epoch(epoch):
            run.step(index, views)
    index, views = first_batch(run, 4)
    visits = shuffled_batches(52, 64, 1, 4, pairs=2)[0]
    assert torch.equal(index, visits % 52) and len(set(visits.tolist())) == 2 * len(set(index.tolist())) == len(index)
    expected = seen_one_by_one(run, visits, pixels(run))
    torch.testing.assert_close(views, expected)
    with torch.no_grad():
        z = project(run, expected, len(index))
    image = index.repeat(2).tolist()
    pair = [v % len(index) for v in range(len(image))]
    s = (z @ z.T / 0.2).tolist()
    log_d = [math.log(sum(math.exp(s[v][u]) for u in range(len(image))
                          if u != v and (image[u] != image[v] or pair[u] == pair[v]))) for v in range(len(image))]
    per_view = torch.tensor(polyview_by_loops(z, image, 0.2))
    domain = []
    for v in range(len(image)):
        alike = [u for u in range(len(image)) if u != v and (image[u] >= 40) == (image[v] >= 40)]
        domain.append(sum(log_d[v] - s[v][u] for u in alike) / len(alike))
    old = {name: memory.clone() for name, memory in (("rho", run.ideas["colt"].rho), ("m", run.ideas["bcl"].m))}
    loss = run.step(index, views)["loss"]
    torch.testing.assert_close(loss, per_view.mean() + COLT.domain.weight * sum(domain) / len(domain), **CLOSE)
    for i in set(index.tolist()):
        rows = [v for v in range(len(image)) if image[v] == i]
        m = 0.97 * old["m"][i] + 0.03 * per_view[rows].mean()
        torch.testing.assert_close(run.ideas["bcl"].m[i], per_view[rows].mean() if old["m"][i].isnan() else m, **CLOSE)
        densities = []
        for place in {pair[v] for v in rows}:
            p = {u: sum(math.exp(s[v][u] - log_d[v]) for v in rows if pair[v] == place) / 2
                 for u in range(len(image)) if image[u] != i}
            densities.append(sum(sorted(p.values(), reverse=True)[:5]))
        density = torch.tensor(sum(densities) / len(densities))
        rho = density if old["rho"][i].isnan() else 0.9 * old["rho"][i] + 0.1 * density
        torch.testing.assert_close(run.ideas["colt"].rho[i], rho, **CLOSE)


def guide_by_loops(index, z, bank, weight, threshold):
    """Return the guide's loss: NT-Xent, mixed with the loss that has the bank's neighbour as the positive."""
    nearest = nearest_in_bank_by_loops(bank, index.tolist())
    neighbour = bank[[position for position, _ in nearest]]
    share = torch.tensor([weight if cosine >= threshold else 0.0 for _, cosine in nearest]).repeat(2)
    plain = torch.tensor(ntxent_by_loops(*z.chunk(2), 0.2))
    return ((1 - share) * plain + share * semantic_by_loops(z, neighbour, 0.2)).mean()


def test_one_full_batch_step_of_the_guide_equals_its_transcription():
    semantic = replace(SEMANTIC, threshold=0.3)
    run, (index, views), z = a_full_batch("guide", {"colt": SPARSE, "semantic": semantic})
    bank = run.ideas["semantic"].bank.clone()
    loss = run.step(index, views)["loss"]
    expected = guide_by_loops(index, z, bank, 0.5, 0.3) + domain_term(z, index, SPARSE.domain)
    torch.testing.assert_close(loss, expected, **CLOSE)
    first, second = z.chunk(2)
    torch.testing.assert_close(run.ideas["semantic"].bank[index], normalize(first + second), **CLOSE)


def guidance_by_loops(run, index, z, z_partner):
    """Return L_GCL and L_DL of in-domain images, by the guide's embedding."""
    guide = run.ideas["guidance"].guide
    u, cluster = guide.u[index], guide.cluster[index]
    negative = torch.stack([torch.stack([guide.is_far[a, b] for b in cluster]) for a in cluster])
    guided = guided_by_loops(z, z_partner, u, guide.u[run.partner[index, 0]], negative, 0.2)
    distill = sum(relational_kl_by_loops(u, view, 0.1) for view in z.chunk(2)) / 2
    return guided, distill


def test_one_full_batch_step_of_a_student_equals_its_transcription():
    run = student(replace(OPTIMIZATION, batch=64))
    index, views = first_batch(run, 1)
    torch.testing.assert_close(views, seen_one_by_one(run, index, pixels(run)))
    with torch.no_grad():
        z = project(run, views, 40)
    guided, distill = guidance_by_loops(run, index, z[:80], z[80:])
    losses = run.step(index, views)
    torch.testing.assert_close(losses["guided"], guided, check_dtype=False, **CLOSE)
    torch.testing.assert_close(losses["loss"], guided + 0.4 * distill, check_dtype=False, **CLOSE)


def test_one_full_batch_step_of_joint_training_equals_its_transcription():
    run, (index, views), z = a_full_batch("guided-joint")
    bank, pairs = run.ideas["semantic"].bank.clone(), len(index)
    losses = run.step(index, views)
    two_views = z[: 2 * pairs]
    first_stage = guide_by_loops(index, two_views, bank, 0.5, 0.0) + domain_term(two_views, index, SPARSE.domain)
    in_domain = (index < 40).nonzero().squeeze(1)
    of_images = torch.cat([z[in_domain], z[pairs + in_domain]])
    guided, distill = guidance_by_loops(run, index[in_domain], of_images, z[2 * pairs :])
    torch.testing.assert_close(losses["loss"], first_stage + guided + 0.4 * distill, check_dtype=False, **CLOSE)


@pytest.mark.parametrize("name", ["colt", "bcl-colt", "guide", "guided-joint"])
@pytest.mark.parametrize("index", [range(40, 50), range(10)])
def test_a_batch_of_one_domain_has_a_finite_loss_and_gradient(name, index):
    run, _, _ = a_full_batch(name)
    index = torch.tensor(list(index))
    loss = run.step(index, run.images.views(*next(iter(run.requests([index])))))["loss"]
    loss.backward()
    assert loss.isfinite() and all(p.grad.isfinite().all() for p in run.framework.parameters() if p.grad is not None)


def test_a_term_of_weight_zero_is_reported_and_not_minimised():
    nothing = replace(RANDOM, domain=replace(RANDOM.domain, weight=0.0))
    run, batch, _ = a_full_batch("guide-random", {"colt": nothing})
    losses = run.step(*batch)
    assert losses["domain"] > 0 and torch.equal(losses["loss"], losses["contrastive"])
