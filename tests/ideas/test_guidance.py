"""What an embedding teaches: neighbours, far clusters, weights."""

from dataclasses import replace

import torch
from torch.nn.functional import normalize

from ballast.ideas.guidance import Guide, far_clusters
from ballast.runtime.rng import generator
from tests.training.runs import GUIDANCE, first_batch, training


def guide(**changes):
    torch.manual_seed(0)
    return Guide(normalize(torch.randn(40, 8)), replace(GUIDANCE, weighted=False, **changes))


def test_drawn_neighbours_are_among_the_nearest():
    for k in (1, 3, 10):
        run = guide(neighbours=k)
        cosine = (run.u @ run.u.T).fill_diagonal_(-2)
        nearest = cosine.topk(k).values[:, -1]
        assert (cosine.gather(1, run.draw(generator(0, "test"))[:, None]).squeeze(1) >= nearest - 1e-6).all()


def test_negatives_come_from_far_clusters_only_and_unweighted_is_all_ones():
    run, index = guide(), torch.arange(20)
    u = run.u[index]
    w_pos, w_neg = run.weights(u, u, index)
    assert (w_pos == 1).all()
    for i in range(20):
        for j in range(20):
            assert w_neg[i, j] == float(run.is_far[run.cluster[i], run.cluster[j]])


def test_weights_have_mean_one_over_positives_and_over_negatives():
    run, index = guide(), torch.arange(40)
    run.settings = replace(GUIDANCE, weighted=True)
    w_pos, w_neg = run.weights(run.u[index], run.u[run.draw(generator(0, "test"))], index)
    torch.testing.assert_close(w_pos.mean(1), torch.ones(80))
    rows = (w_neg > 0).any(1)
    torch.testing.assert_close(w_neg.sum(1)[rows] / (w_neg > 0).sum(1)[rows], torch.ones(int(rows.sum())))


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


def test_a_network_that_guides_itself_begins_with_the_first_round_and_follows_the_latest():
    run = training("guided-joint")
    assert "guided" not in run.step(*first_batch(run, 1)) and run.partner is None
    run.begin_epoch(3)
    first = run.ideas["guidance"].guide
    run.begin_epoch(4)
    assert run.ideas["guidance"].guide is first and run.partner.shape == (40,)
    for batch in run.begin_epoch(5):
        assert "guided" in run.step(*batch)
    assert run.ideas["guidance"].guide is not first
