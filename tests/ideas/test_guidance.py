"""What an embedding teaches: neighbours, far clusters, weights."""

from dataclasses import replace

import torch
from torch.nn.functional import normalize

from ballast.encoders.model import build
from ballast.ideas.guidance import Guide, far_clusters
from ballast.runtime.rng import generator
from tests.builders import NETWORK, random_images
from tests.oracles.distill import relational_kl_by_loops
from tests.training.runs import GUIDANCE, first_batch, student, training


def guide(**changes):
    torch.manual_seed(0)
    return Guide(normalize(torch.randn(40, 8)), replace(GUIDANCE, weights="none", **changes))


def test_drawn_neighbours_are_among_the_nearest():
    for k in (1, 3, 10):
        run = guide(neighbours=k)
        cosine = (run.u @ run.u.T).fill_diagonal_(-2)
        nearest = cosine.topk(k).values[:, -1]
        assert (cosine.gather(1, run.draw(generator(0, "test"))).squeeze(1) >= nearest - 1e-6).all()


def test_negatives_come_from_far_clusters_only_and_unweighted_is_all_ones():
    run, index = guide(), torch.arange(20)
    w_pos, w_neg = run.weights(index, index[:, None])
    assert (w_pos == 1).all()
    for i in range(20):
        for j in range(20):
            assert w_neg[i, j] == float(run.is_far[run.cluster[i], run.cluster[j]])


def test_weights_have_mean_one_over_positives_and_over_negatives():
    run, index = guide(), torch.arange(40)
    run.settings = replace(GUIDANCE, weights="linear")
    w_pos, w_neg = run.weights(index, run.draw(generator(0, "test")))
    torch.testing.assert_close(w_pos.mean(1), torch.ones(40))
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
    assert run.ideas["guidance"].guide is first and run.partner.shape == (40, 1)
    for batch in run.begin_epoch(5):
        assert "guided" in run.step(*batch)
    assert run.ideas["guidance"].guide is not first


def test_all_negatives_are_all_other_images_but_the_anchors_neighbour():
    run, index = guide(negatives="all"), torch.arange(20)
    partner = run.draw(generator(0, "test"))[index]
    w_neg = run.weights(index, partner)[1]
    for i in range(20):
        for j in range(20):
            assert w_neg[i, j] == float(i != j and partner[i, 0] != j)


def test_drawn_negatives_come_from_the_farthest_cluster_of_all_images():
    run = guide(negatives="drawn", far=1)
    drawn = torch.stack([run.draw(generator(seed, "test"))[:, 1] for seed in range(200)])
    for i in range(40):
        [farthest] = run.is_far[run.cluster[i]].nonzero()[0].tolist()
        assert set(drawn[:, i].tolist()) == set((run.cluster == farthest).nonzero()[:, 0].tolist())
    index = torch.arange(20)
    w_neg = run.weights(index, run.draw(generator(0, "test"))[index])[1]
    assert (w_neg.diagonal() == 1).all()  # an anchor's own draw is a negative, and those of other anchors as they fit


def test_the_student_may_keep_features_of_the_same_views_on_pool_images_too():
    model = build(NETWORK, 1, 1)
    settings = replace(GUIDANCE, distill_of="features", distill_views="same", distill_pool=True)
    run = student(settings=settings, model=model, pool=random_images(12, seed=1))
    index, views = first_batch(run, 1)
    with torch.no_grad():
        guide_h = run.guide(views[: 2 * len(index)])[0]
        student_h = run.framework.embed(views, [len(index)], [len(views) - 2 * len(index)])[0][: 2 * len(index)]
    losses = run.step(index, views)
    expected = (1 - torch.nn.functional.cosine_similarity(guide_h, student_h)).mean()
    torch.testing.assert_close(losses["distill"], expected, rtol=1e-4, atol=1e-4)
    assert (index >= 40).any() and (index < 40).any()
    assert all(not parameter.requires_grad for parameter in run.guide.parameters())


def test_distillation_of_clean_pool_images_compares_with_the_guides_embedding_of_them():
    settings = replace(GUIDANCE, distill_pool=True)
    run = student(settings=settings, pool=random_images(12, seed=1))
    index, views = first_batch(run, 1)
    z = run.framework.embed(views, [len(index)], [len(views) - 2 * len(index)])[1][: 2 * len(index)]
    u = run.ideas["guidance"].clean.z[index]
    expected = sum(relational_kl_by_loops(u, view, 0.1) for view in z.detach().chunk(2)) / 2
    losses = run.step(index, views)
    torch.testing.assert_close(losses["distill"], torch.as_tensor(expected), check_dtype=False, rtol=1e-4, atol=1e-4)
