"""The student: who guides it, what it trains on, and resume."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.encoders.model import build
from ballast.training.student import Guidance, Student, far_clusters
from tests.training.test_rounds import HOW, NETWORK, RECIPE, Memory, weights

GUIDANCE = Guidance(neighbours=3, clusters=4, far=2, weighted=True, distill=0.4, distill_temperature=0.1)


def student(**changes):
    torch.manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 8, 8), dtype=torch.uint8)
    return Student(build(NETWORK, 1, 1), images, HOW, RECIPE, 1, Guidance(**{**vars(GUIDANCE), **changes}))


def test_interrupted_and_resumed_is_the_same_as_uninterrupted():
    whole, pieces, scratch = student(), student(), Memory(die_after=2)
    whole.train(Memory())
    with pytest.raises(KeyboardInterrupt):
        student().train(scratch)
    scratch.die_after = None
    pieces.train(scratch)
    assert torch.equal(weights(whole), weights(pieces))


def test_starts_as_the_guide_and_leaves_it_alone():
    run = student()
    guide = run.guide.clone()
    copied = run.state.model.state_dict()
    assert all(torch.equal(tensor, copied[name]) for name, tensor in build(NETWORK, 1, 1).state_dict().items())
    run.train(Memory())
    assert torch.equal(run.guide, guide)


def test_drawn_neighbours_are_among_the_nearest():
    run = student()
    run._begin_epoch(1)
    cosine = (run.guide @ run.guide.T).fill_diagonal_(-2)
    nearest = cosine.topk(3).values[:, -1]
    assert (cosine.gather(1, run.drawn[:, None]).squeeze(1) >= nearest - 1e-6).all()


def test_negatives_come_from_far_clusters_only():
    run = student(weighted=False)
    index = torch.arange(20)
    u = run.guide[index]
    w_pos, w_neg = run._weights(u, u, index)
    assert (w_pos == 1).all()
    for i in range(20):
        for j in range(20):
            assert bool(w_neg[i, j]) == bool(run.is_far[run.cluster[i], run.cluster[j]])


def test_far_clusters_are_the_least_similar_and_never_the_own():
    torch.manual_seed(0)
    centres = torch.randn(5, 3)
    cosine = normalize(centres) @ normalize(centres).T
    for far in (1, 3, 4, 9):
        mask = far_clusters(centres, far)
        assert not mask.diagonal().any() and (mask.sum(1) == min(far, 4)).all()
        for c in range(5):
            inside = [cosine[c, o].item() for o in range(5) if mask[c, o]]
            outside = [cosine[c, o].item() for o in range(5) if not mask[c, o] and o != c]
            assert not outside or max(inside) <= min(outside)


def test_without_distillation_only_the_guided_loss_is_left():
    run = student(distill=0.0)
    losses = run._step(run._begin_epoch(1)[0])
    assert set(losses) == {"guided", "loss"} and losses["loss"] is losses["guided"]
