"""Pre-training: rounds, memories and losses, resume, and one step of every method against its transcription."""

import copy

import pytest
import torch
from torch.nn.functional import normalize

from ballast.data.augment import augment
from ballast.encoders.model import build
from ballast.errors import BallastError
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.tailness.memorization import memorization
from ballast.training.guide import Guidance
from ballast.training.method import Boost, Domain, Method, Semantic
from ballast.training.optimisation import Optimisation
from ballast.training.resampling import Resampling
from ballast.training.rounds import Pretraining
from ballast.training.temperature import Cosine
from tests.losses.test_domain import by_loops as domain_by_loops
from tests.losses.test_ntxent import by_loops as ntxent_by_loops
from tests.tailness.test_density import by_loops as density_by_loops

NETWORK = {"stem": "cifar", "block": "basic", "width": 4, "depths": [1], "projection": 8}
RECIPE = {"crop": [0.5, 1.0], "flip": 0.5, "jitter": [0.4, 0.4, 0, 0], "jitter_p": 0.8, "grey": 0, "blur": 0,
          "blur_sigma": [0, 0]}
HOW = Optimisation(epochs=6, batch=16, lr=0.1, momentum=0.9, weight_decay=1e-4, warmup=1, temperature=0.2)
ROUNDS = Resampling(budget=12, warmup=2, every=2, tailness="density", neighbours=5, momentum=0.9, clusters=3,
                    refine=False, temperature=1.0, remainder="largest")
SPARSE = Resampling(**{**vars(ROUNDS), "tailness": "sparsity", "refine": True})
COLT = Method(ROUNDS, Domain(0.2, "code"))
GUIDE = Method(SPARSE, Domain(0.3, "poster"), Semantic(0.5, 0.0))
METHODS = {  # share of pruned weights, ideas
    "simclr": (None, Method()),
    "sdclr": (0.5, Method()),
    "bcl": (None, Method(boost=Boost(0.97, 1))),
    "bcl-d": (0.5, Method(boost=Boost(0.97, 2))),
    "colt": (None, COLT),
    "sdclr-colt": (0.5, COLT),
    "bcl-colt": (None, Method(ROUNDS, Domain(0.2, "code"), boost=Boost(0.97, 1))),
    "guided": (None, GUIDE),
    "guided-random": (None, Method(Resampling(**{**vars(SPARSE), "tailness": "random"}), Domain(0.3, "poster"))),
    "guided-joint": (0.5, Method(SPARSE, Domain(0.3, "poster"), Semantic(0.5, 0.0),
                                 guidance=Guidance(3, 3, 2, True, 0.4, 0.1))),
}
ALONE = ("simclr", "sdclr", "bcl", "bcl-d")


class Memory:
    """A scratch in memory that can kill the training after some epochs."""

    def __init__(self, die_after=None):
        self.state, self.die_after = None, die_after

    def load(self):
        return self.state

    def save(self, state):
        clone = lambda value: (value.clone() if isinstance(value, torch.Tensor) else  # noqa: E731
                               {k: clone(v) for k, v in value.items()} if isinstance(value, dict) else
                               [clone(v) for v in value] if isinstance(value, list) else value)
        self.state = clone(state)
        if state["epoch"] == self.die_after:
            raise KeyboardInterrupt


def training(name, how=HOW, method=None, extra=None):
    """A small pre-training; extra: selected images, where the method does not sample from a pool itself."""
    torch.manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 8, 8), dtype=torch.uint8)
    pool = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8)
    share, ideas = METHODS[name]
    model, ideas = build(NETWORK, 1, 1), method or ideas
    framework = SimCLR(model) if share is None else SDCLR(model, share)
    return Pretraining(framework, images, pool if ideas.resampling else extra, how, RECIPE, 1, ideas)


def weights(run):
    return torch.cat([tensor.flatten().float() for tensor in run.state.model.state_dict().values()])


@pytest.mark.parametrize("name", METHODS)
def test_interrupted_and_resumed_is_the_same_as_uninterrupted(name):
    whole, pieces = training(name), training(name)
    whole.train(Memory())
    scratch = Memory()
    for epoch in (1, 3, 4):
        scratch.die_after = epoch
        with pytest.raises(KeyboardInterrupt):
            training(name).train(scratch)
    scratch.die_after = None
    pieces.train(scratch)
    assert torch.equal(weights(whole), weights(pieces))
    for table in ("trace", "remembered"):
        assert getattr(whole, table)().to_csv() == getattr(pieces, table)().to_csv()
    assert whole.state.history_frame().to_csv() == pieces.state.history_frame().to_csv()


def test_methods_differ():
    ends = {}
    for name in METHODS:
        run = training(name)
        run.train(Memory())
        ends[name] = run.framework.model.state_dict()["encoder.conv1.weight"].flatten().tolist()
    assert len({tuple(weight) for weight in ends.values()}) == len(METHODS)


@pytest.mark.parametrize("name", ["colt", "sdclr-colt", "bcl-colt", "guided-random"])
def test_rounds_replace_the_chosen_images_and_are_traced(name):
    run = training(name)
    run.train(Memory())
    trace = run.trace()
    assert trace["epoch"].unique().tolist() == [3, 5] and len(trace) == 2 * 12
    assert all(len(set(rows)) == 12 for _, rows in trace.groupby("epoch")["pool"])
    assert [row["images"] for row in run.state.history] == [40, 40, 52, 52, 52, 52]
    assert ["domain" in row for row in run.state.history] == [False, False, True, True, True, True]
    assert training("simclr").trace().empty


def test_random_rounds_draw_afresh_and_by_no_cluster():
    run = training("guided-random")
    run.train(Memory())
    first, second = (set(rows) for _, rows in run.trace().groupby("epoch")["pool"])
    assert first != second and set(run.trace()["cluster"]) == {-1}


@pytest.mark.parametrize("name", ALONE)
def test_selected_images_join_any_framework_from_the_first_epoch(name):
    run = training(name, extra=torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8))
    run.train(Memory())
    assert all(row["images"] == 90 for row in run.state.history)
    assert "loss" not in run.state.memory or not run.state.memory["loss"].isnan().any()


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
    index = run._begin_epoch(2)[0]
    images = torch.cat([run.seed_images, run.pool[:12]]) if online else run.seed_images
    views = [augment(images[i : i + 1], run.draws.map(lambda column, i=i, v=v: column[i, v][None]), 8)
             for v in (0, 1) for i in index.tolist()]
    if run.method.guidance:
        others = run.drawn[index[index < 40]].tolist()
        views += [augment(images[i : i + 1], run.draws.map(lambda column, i=i: column[i, 2][None]), 8) for i in others]
    with torch.no_grad():
        z = project(run, torch.cat(views), len(index))
    return run, index, z


@pytest.mark.parametrize("name", [*ALONE, "colt", "sdclr-colt", "bcl-colt", "guided-random"])
def test_one_full_batch_step_equals_its_transcription(name):
    run, index, z = a_full_batch(name)
    before = {key: value.clone() for key, value in run.state.memory.items()}
    loss = run._step(index)["loss"]
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
    run, index, z = a_full_batch("colt", Method(ROUNDS, Domain(0.7, form)))
    s = (z @ z.T / 0.2).fill_diagonal_(-torch.inf)
    expected = torch.tensor(ntxent_by_loops(*z.chunk(2), 0.2)).mean() + 0.7 * domain_by_loops(
        s, (index >= 40).repeat(2).tolist(), form)
    torch.testing.assert_close(run._step(index)["loss"], expected, rtol=1e-4, atol=1e-5)


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
    run, index, z = a_full_batch("guided", Method(SPARSE, None, Semantic(0.5, 0.3)))
    bank = run.state.memory["bank"].clone()
    loss = run._step(index)["loss"]
    torch.testing.assert_close(loss, semantic_by_loops(run, index, z, bank), rtol=1e-4, atol=1e-4)
    assert not torch.equal(run.state.memory["bank"], bank)


def test_one_full_batch_step_of_joint_training_equals_its_transcription():
    run, index, z = a_full_batch("guided-joint")
    bank, pairs = run.state.memory["bank"].clone(), len(index)
    losses = run._step(index)
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
    loss = run._step(torch.tensor(list(index)))["loss"]
    loss.backward()
    assert loss.isfinite() and all(p.grad.isfinite().all() for p in run.framework.parameters() if p.grad is not None)


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


def test_the_first_epoch_of_bcl_is_simclr():
    runs = [training(name, Optimisation(**{**vars(HOW), "epochs": 1})) for name in ("simclr", "bcl")]
    for run in runs:
        run.train(Memory())
    assert torch.equal(weights(runs[0]), weights(runs[1]))


@pytest.mark.parametrize("name", ["simclr", "sdclr", "bcl", "colt", "guided"])
def test_a_temperature_schedule_goes_with_every_framework(name):
    how = Optimisation(**{**vars(HOW), "temperature": Cosine(0.1, 1.0, 4)})
    run = training(name, how)
    seen = [(run._begin_epoch(epoch), run.temperature)[1] for epoch in (1, 2)]
    assert seen == pytest.approx([1.0, 0.55])
    run, index = training(name, how), run._begin_epoch(1)[0]
    run._begin_epoch(1)
    cool = training(name)
    cool._begin_epoch(1)
    assert run._step(index)["contrastive"] != cool._step(index)["contrastive"]


def test_neighbours_below_one_are_a_share_of_the_negatives():
    share = Method(Resampling(**{**vars(ROUNDS), "neighbours": 0.05}))  # of 102 negatives: 5
    run, index, _ = a_full_batch("colt", share)
    other, _, _ = a_full_batch("colt", Method(ROUNDS))
    run._step(index)
    other._step(index)
    assert torch.equal(run.state.memory["density"], other.state.memory["density"])


def test_density_of_a_ragged_batch_is_scaled_to_a_full_one():
    run = training("colt")
    run._begin_epoch(1)
    torch.manual_seed(0)
    z = normalize(torch.randn(8, 4))
    s = (z @ z.T / 0.2).fill_diagonal_(-torch.inf)
    run.objective._remember_density(s, s.logsumexp(1), torch.arange(4), full=16)
    torch.testing.assert_close(run.state.memory["density"][:4], density_by_loops(z, 0.2, 5) * 6 / 30)


def test_remembered_holds_what_each_method_keeps_of_the_seed_images():
    for name, columns in (("simclr", []), ("bcl", ["loss"]), ("colt", ["density"]), ("bcl-colt", ["density", "loss"])):
        run = training(name)
        run.train(Memory())
        table = run.remembered()
        assert list(table.columns) == ["position", *columns] and len(table) == 40 and table.notna().all(axis=None)


def test_divergence_is_one_clear_line():
    with pytest.raises(BallastError, match=r"pretrain: the loss is nan in epoch \d; lower pretrain.lr"):
        training("simclr", Optimisation(**{**vars(HOW), "lr": 1e30, "warmup": 0})).train(Memory())
