"""The student: who guides it, what it trains on, and resume."""

import copy

import pytest
import torch

from ballast.augment.views import augment
from ballast.encoders.model import build
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.images.store import Resident
from ballast.losses.distill import relational_kl
from ballast.training.guide import Guidance
from ballast.training.optimisation import Optimisation
from ballast.training.student import Student
from tests.training.test_rounds import HOW, NETWORK, RECIPE, Memory, first_batch, weights

GUIDANCE = Guidance(neighbours=3, clusters=4, far=2, weighted=True, distill=0.4, distill_temperature=0.1)


def student(how=HOW, prune=None, **changes):
    torch.manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 8, 8), dtype=torch.uint8)
    model = build(NETWORK, 1, 1)
    framework = SimCLR(model) if prune is None else SDCLR(model, prune)
    return Student(framework, Resident(images), how, RECIPE, 1, Guidance(**{**vars(GUIDANCE), **changes}))


@pytest.mark.parametrize("prune", [None, 0.5])
def test_interrupted_and_resumed_is_the_same_as_uninterrupted(prune):
    whole, pieces, scratch = student(prune=prune), student(prune=prune), Memory(die_after=2)
    whole.train(Memory())
    with pytest.raises(KeyboardInterrupt):
        student(prune=prune).train(scratch)
    scratch.die_after = None
    pieces.train(scratch)
    assert torch.equal(weights(whole), weights(pieces))


def test_starts_as_the_guide_whose_view_stays():
    run = student()
    guide, start = run.guide.u.clone(), build(NETWORK, 1, 1).state_dict()
    assert all(torch.equal(tensor, start[name]) for name, tensor in run.framework.model.state_dict().items())
    run.train(Memory())
    assert torch.equal(run.guide.u, guide)
    assert not torch.equal(run.framework.model.state_dict()["encoder.conv1.weight"], start["encoder.conv1.weight"])


def test_one_full_batch_step_equals_its_transcription():
    run = student(Optimisation(**{**vars(HOW), "batch": 64}))
    index, seen = first_batch(run, 1)
    model, size, t = copy.deepcopy(run.framework.model), len(index), 0.2
    views = [augment(run.images.images[i : i + 1], run.draws.map(lambda column, i=i, v=v: column[i, v][None]), 8)
             for v, images in enumerate((index, index, run.drawn[index])) for i in images.tolist()]
    with torch.no_grad():
        z, third = model(torch.cat(views))[1].split([2 * size, size])
    u, cluster, total = run.guide.u, run.guide.cluster, 0.0
    for v in range(2 * size):
        i = index[v % size].item()
        w_pos = [1.0, max((u[i] @ u[run.drawn[i]]).item(), 0.0)]
        others = index.tolist() * 2
        raw = [(1 - (u[i] @ u[n]).item()) / 2 if run.guide.is_far[cluster[i], cluster[n]] else 0 for n in others]
        mean = sum(raw) / max(sum(w > 0 for w in raw), 1)
        negatives = sum(w / mean * (z[v] @ z[n] / t).exp() for n, w in enumerate(raw) if w)
        for w, positive in zip(w_pos, (z[(v + size) % (2 * size)], third[v % size])):
            s = z[v] @ positive / t
            total += w / (sum(w_pos) / 2) * ((s.exp() + negatives).log() - s) / 2
    distill = sum(relational_kl(u[index], half, 0.1) for half in z.chunk(2)) / 2
    torch.testing.assert_close(seen, torch.cat(views))
    losses = run._step(index, seen)
    torch.testing.assert_close(losses["guided"], total / (2 * size), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(losses["loss"], losses["guided"] + 0.4 * distill, rtol=1e-4, atol=1e-4)


def test_without_distillation_only_the_guided_loss_is_left():
    run = student(distill=0.0)
    losses = run._step(*first_batch(run, 1))
    assert set(losses) == {"guided", "loss"} and losses["loss"] is losses["guided"]
