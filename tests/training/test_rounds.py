"""The training loop: rounds, memories and losses, resume, and one step against its transcription."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.data.augment import augment
from ballast.encoders.model import build
from ballast.errors import BallastError
from ballast.training.optimisation import Optimisation
from ballast.training.resampling import Resampling
from ballast.training.rounds import Domain, Pretraining, Semantic
from tests.losses.test_domain import by_loops as domain_by_loops
from tests.losses.test_ntxent import by_loops as ntxent_by_loops
from tests.tailness.test_density import by_loops as density_by_loops

NETWORK = {"stem": "cifar", "block": "basic", "width": 4, "depths": [1], "projection": 8}
RECIPE = {"crop": [0.5, 1.0], "flip": 0.5, "jitter": [0.4, 0.4, 0, 0], "jitter_p": 0.8, "grey": 0, "blur": 0,
          "blur_sigma": [0, 0]}
HOW = Optimisation(epochs=6, batch=16, lr=0.1, momentum=0.9, weight_decay=1e-4, warmup=1, temperature=0.2)
COLT = Resampling(budget=12, warmup=2, every=2, tailness="density", neighbours=5, momentum=0.9, clusters=3,
                  refine=False, temperature=1.0, remainder="largest")
GUIDE = Resampling(**{**vars(COLT), "tailness": "sparsity", "refine": True})
METHODS = {
    "simclr": {},
    "colt": {"resampling": COLT, "domain": Domain(0.2, "code")},
    "guided": {"resampling": GUIDE, "domain": Domain(0.3, "poster"), "semantic": Semantic(0.5, 0.0)},
}


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


def training(method, how=HOW, extra=True, **changes):
    torch.manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 8, 8), dtype=torch.uint8)
    pool = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8)
    extra = pool if extra and method != "simclr" else None
    return Pretraining(build(NETWORK, 1, 1), images, extra, how, RECIPE, 1, **{**METHODS[method], **changes})


def weights(run):
    return torch.cat([tensor.flatten().float() for tensor in run.state.model.state_dict().values()])


@pytest.mark.parametrize("method", METHODS)
def test_interrupted_and_resumed_is_the_same_as_uninterrupted(method):
    whole, pieces = training(method), training(method)
    whole.train(Memory())
    scratch = Memory()
    for epoch in (1, 3, 4):
        scratch.die_after = epoch
        with pytest.raises(KeyboardInterrupt):
            training(method).train(scratch)
    scratch.die_after = None
    pieces.train(scratch)
    assert torch.equal(weights(whole), weights(pieces))
    assert whole.state.history_csv() == pieces.state.history_csv()
    assert whole.trace().to_csv() == pieces.trace().to_csv()


def test_rounds_replace_the_chosen_images_and_are_traced():
    run = training("colt")
    run.train(Memory())
    trace = run.trace()
    assert trace["epoch"].unique().tolist() == [3, 5] and len(trace) == 2 * 12
    assert all(len(set(rows)) == 12 for _, rows in trace.groupby("epoch")["pool"])
    assert [row["images"] for row in run.state.history] == [40, 40, 52, 52, 52, 52]
    assert ["domain" in row for row in run.state.history] == [False, False, True, True, True, True]
    assert training("simclr").trace().empty


def test_selected_images_join_from_the_first_epoch():
    run = training("colt", resampling=None, domain=None)
    run.train(Memory())
    assert all(row["images"] == 90 for row in run.state.history)


@pytest.mark.parametrize("form", ["code", "poster"])
def test_one_full_batch_step_of_colt_equals_its_transcription(form):
    how = Optimisation(**{**vars(HOW), "batch": 64})
    run = training("colt", how, domain=Domain(0.2, form))
    run.state.memory["chosen"] = torch.arange(12)
    index = run._begin_epoch(1)[0]
    losses = run._step(index)
    with torch.no_grad():
        images = torch.cat([run.seed_images, run.pool[:12]])
        views = [augment(images[index], run.draws.map(lambda column, v=v: column[index, v]), 8) for v in (0, 1)]
        z = run.state.model(torch.cat(views))[1]  # the running statistics move, the batch's own are used
        s = (z @ z.T / 0.2).fill_diagonal_(-torch.inf)
        contrast = torch.tensor(ntxent_by_loops(*z.chunk(2), 0.2)).mean()
        domain = domain_by_loops(s, (index >= 40).repeat(2).tolist(), form)
    torch.testing.assert_close(losses["loss"], contrast + 0.2 * domain, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(run.state.memory["density"][index], density_by_loops(z, 0.2, 5), rtol=1e-4, atol=1e-5)


def test_one_full_batch_step_of_the_guide_equals_its_transcription():
    how = Optimisation(**{**vars(HOW), "batch": 64})
    run = training("guided", how, domain=None, semantic=Semantic(0.5, 0.3))
    torch.manual_seed(3)
    bank = normalize(torch.randn(52, 8))
    run.state.memory.update(chosen=torch.arange(12), bank=bank.clone())
    index = run._begin_epoch(1)[0]
    loss = run._step(index)["loss"]
    with torch.no_grad():
        images = torch.cat([run.seed_images, run.pool[:12]])
        views = [augment(images[index], run.draws.map(lambda column, v=v: column[index, v]), 8) for v in (0, 1)]
        z = run.state.model(torch.cat(views))[1]
        plain, total = ntxent_by_loops(*z.chunk(2), 0.2), 0.0
        for v in range(104):
            i = index[v % 52]
            cosine = (bank @ bank[i]).index_fill(0, i, -2)
            b = bank[cosine.argmax()]
            others = sum((z[v] @ z[u] / 0.2).exp() for u in range(104) if u % 52 != v % 52)
            near = ((z[v] @ b / 0.2).exp() + others).log() - z[v] @ b / 0.2
            share = 0.5 if cosine.max() >= 0.3 else 0.0
            total += (1 - share) * plain[v] + share * near
    torch.testing.assert_close(loss, total / 104, rtol=1e-4, atol=1e-4)
    assert not torch.equal(run.state.memory["bank"], bank)


def test_density_of_a_ragged_batch_is_scaled_to_a_full_one():
    run = training("colt")
    run._begin_epoch(1)
    torch.manual_seed(0)
    z = normalize(torch.randn(8, 4))
    s = (z @ z.T / 0.2).fill_diagonal_(-torch.inf)
    run._remember_density(s, s.logsumexp(1), torch.arange(4))
    torch.testing.assert_close(run.state.memory["density"][:4], density_by_loops(z, 0.2, 5) * 6 / 30)


def test_divergence_is_one_clear_line():
    with pytest.raises(BallastError, match=r"pretrain: the loss is nan in epoch \d; lower pretrain.lr"):
        training("simclr", Optimisation(**{**vars(HOW), "lr": 1e30, "warmup": 0})).train(Memory())
