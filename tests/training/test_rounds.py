"""Pre-training: rounds, memories and losses, resume, and one step of every method against its transcription."""


import pytest
import torch

from ballast.encoders.model import build
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR
from ballast.images.store import Resident
from ballast.runtime.errors import BallastError
from ballast.training.guide import Guidance
from ballast.training.method import Boost, Domain, Method, Semantic
from ballast.training.optimisation import Optimisation
from ballast.training.resampling import Resampling
from ballast.training.rounds import Pretraining
from ballast.training.temperature import Cosine

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
    """A scratch in memory that can kill the training after some epochs, or save only when it must."""

    def __init__(self, die_after=None, lazy=False):
        self.state, self.die_after, self.lazy = None, die_after, lazy

    def load(self):
        return self.state

    def save(self, state, now=False):
        if self.lazy and not now:
            return False
        self.state = state
        if state["epoch"] == self.die_after and not now:
            raise KeyboardInterrupt
        return True


def training(name, how=HOW, method=None, extra=None, network=NETWORK):
    """A small pre-training; extra: selected images, where the method does not sample from a pool itself."""
    torch.manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 8, 8), dtype=torch.uint8)
    pool = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8)
    share, ideas = METHODS[name]
    model, ideas = build(network, 1, 1), method or ideas
    framework, extra = SimCLR(model) if share is None else SDCLR(model, share), pool if ideas.resampling else extra
    return Pretraining(framework, Resident(images), None if extra is None else Resident(extra), how, RECIPE, 1, ideas)


def first_batch(run, epoch):
    """Indices and views of the first batch of an epoch."""
    return next(iter(run._begin_epoch(epoch)))


def weights(run):
    return torch.cat([tensor.flatten().float() for tensor in run.state.model.state_dict().values()])


@pytest.mark.parametrize("name", METHODS)
def test_interrupted_and_resumed_is_the_same_as_uninterrupted(name):
    whole, pieces = training(name), training(name)
    whole.train(Memory())
    scratch = Memory()
    for epoch in range(1, 6):
        scratch.die_after = epoch
        with pytest.raises(KeyboardInterrupt):
            training(name).train(scratch)
    scratch.die_after = None
    pieces.train(scratch)
    assert torch.equal(weights(whole), weights(pieces))
    for table in ("trace", "remembered"):
        assert getattr(whole, table)().to_csv() == getattr(pieces, table)().to_csv()
    assert whole.state.history_frame().to_csv() == pieces.state.history_frame().to_csv()


@pytest.mark.parametrize("name", ["simclr", "bcl-d", "guided-joint"])
def test_what_ends_a_training_in_the_middle_of_an_epoch_costs_that_epoch_alone(name, monkeypatch):
    whole, stopped, scratch = training(name), training(name), Memory(lazy=True)
    whole.train(Memory())
    step, steps = stopped._step, iter(range(9))

    def interrupted(*batch):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(*batch)

    monkeypatch.setattr(stopped, "_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(scratch)
    assert scratch.state["epoch"] == (2 if name == "guided-joint" else 3)  # three steps an epoch, with pool images four
    resumed = training(name)
    resumed.train(scratch)
    assert torch.equal(weights(whole), weights(resumed))


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
    run, cool = training(name, how), training(name)
    assert run._step(*first_batch(run, 1))["contrastive"] != cool._step(*first_batch(cool, 1))["contrastive"]


def test_remembered_holds_what_each_method_keeps_of_the_seed_images():
    for name, columns in (("simclr", []), ("bcl", ["loss"]), ("colt", ["density"]), ("bcl-colt", ["density", "loss"])):
        run = training(name)
        run.train(Memory())
        table = run.remembered()
        assert list(table.columns) == ["position", *columns] and len(table) == 40 and table.notna().all(axis=None)


def test_divergence_is_one_clear_line():
    with pytest.raises(BallastError, match=r"^pretrain: the loss is nan in step 2, before it was [\d.]+; lower \S+lr$"):
        training("simclr", Optimisation(**{**vars(HOW), "lr": 1e30, "warmup": 0})).train(Memory())
    run, scratch = training("simclr"), Memory(lazy=True)
    step, steps = run._step, iter(range(7))

    def diverging(*batch):
        losses = step(*batch)
        return losses if next(steps, None) is not None else {**losses, "loss": losses["loss"] * torch.inf}

    run._step = diverging
    with pytest.raises(BallastError, match=r"is inf in step 8, .*; the same command goes on .* after epoch 2$"):
        run.train(scratch)
    assert scratch.state["epoch"] == 2
    assert all(value.isfinite().all() for value in scratch.state["model"].values())


def test_a_full_device_is_one_clear_line(monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    run = training("simclr")
    monkeypatch.setattr(run.framework, "project", full)
    with pytest.raises(BallastError, match=r"pretrain: out of memory with a batch of 16 images; lower pretrain\.batch"):
        run.train(Memory())
