"""Pre-training and student: rounds, memories and losses, resume, clear errors."""

import math
from dataclasses import replace

import pytest
import torch

from ballast.config.profile import CosineTemperature
from ballast.encoders.model import build
from ballast.runtime.errors import BallastError
from ballast.training import loop
from tests.builders import NETWORK, OPTIMIZATION, Memory, flat_weights, random_images
from tests.training.runs import ALONE, GUIDANCE, METHODS, RANDOM, first_batch, student, training

RUNS = {**{name: lambda name=name: training(name) for name in METHODS}, "student": student,
        "student-sdclr": lambda: student(prune=0.5)}


def weights(run):
    return flat_weights(run.state.model)


def remembered(run):
    return {(name, key): value for name, idea in run.ideas.items() for key, value in idea.state().items()}


@pytest.mark.parametrize("name", RUNS)
def test_interrupted_and_resumed_is_the_same_as_uninterrupted(name):
    whole, pieces = RUNS[name](), RUNS[name]()
    whole.train(Memory())
    checkpoint = Memory()
    for epoch in range(1, 6):
        checkpoint.die_after = epoch
        with pytest.raises(KeyboardInterrupt):
            RUNS[name]().train(checkpoint)
    checkpoint.die_after = None
    pieces.train(checkpoint)
    assert torch.equal(weights(whole), weights(pieces))
    assert whole.state.trace.frame().to_csv() == pieces.state.trace.frame().to_csv()
    assert whole.state.history_frame().to_csv() == pieces.state.history_frame().to_csv()
    assert remembered(whole).keys() == remembered(pieces).keys()
    assert all(torch.equal(value, remembered(pieces)[key]) for key, value in remembered(whole).items())


@pytest.mark.parametrize("name", ["simclr", "bcl-d", "guided-joint"])
def test_what_ends_a_training_in_the_middle_of_an_epoch_costs_that_epoch_alone(name, monkeypatch):
    whole, stopped, checkpoint = training(name), training(name), Memory(lazy=True)
    whole.train(Memory())
    step, steps = stopped.step, iter(range(9))

    def interrupted(*batch):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(*batch)

    monkeypatch.setattr(stopped, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(checkpoint)
    assert checkpoint.state["epoch"] == (2 if name == "guided-joint" else 3)  # three steps an epoch, with a pool four
    resumed = training(name)
    resumed.train(checkpoint)
    assert torch.equal(weights(whole), weights(resumed))


def test_a_training_that_goes_on_elsewhere_says_where_it_has_been(monkeypatch):
    memory = Memory(die_after=2)
    with pytest.raises(KeyboardInterrupt):
        training("simclr").train(memory)
    for device in ("a GPU", "a GPU", "cpu"):
        monkeypatch.setattr(loop, "described", lambda _, device=device: device)
        resumed = training("simclr")
        resumed.state.load(memory.load(), torch.device("cpu"))
        memory.state = resumed.state.save()
    assert resumed.state.devices == ["cpu", "a GPU", "cpu"]


def test_methods_differ():
    ends = {}
    for name, run in RUNS.items():
        run = run()
        run.train(Memory())
        ends[name] = run.framework.model.state_dict()["encoder.conv1.weight"].flatten().tolist()
    assert len({tuple(weight) for weight in ends.values()}) == len(RUNS)


@pytest.mark.parametrize("name", ["colt", "sdclr-colt", "bcl-colt", "guide-random"])
def test_rounds_replace_the_chosen_images_and_are_traced(name):
    run = training(name)
    run.train(Memory())
    trace = run.state.trace.frame()
    assert trace["epoch"].unique().tolist() == [3, 5] and len(trace) == 2 * 12
    assert all(len(set(rows)) == 12 for _, rows in trace.groupby("epoch")["pool"])
    assert [row["images"] for row in run.state.history] == [40, 40, 52, 52, 52, 52]
    assert ["domain" in row for row in run.state.history] == [False, False, True, True, True, True]
    assert training("simclr").state.trace.frame().empty


CHOOSING = [name for name, (_, usual) in METHODS.items() if usual.get("colt", RANDOM) != RANDOM]


@pytest.mark.parametrize("name", CHOOSING)
def test_rounds_say_why_they_chose(name):
    run = training(name)
    run.train(Memory())
    trace, reasons = run.state.trace.frame(), run.state.trace.reasons_frame(list(range(100, 140)))
    assert reasons["epoch"].unique().tolist() == trace["epoch"].unique().tolist()
    for epoch, images in reasons.groupby("epoch"):
        assert images["image"].tolist() == list(range(100, 140)) and images["tailness"].notna().all()
        budget = images.groupby("cluster")["budget"].first()
        taken = trace[trace["epoch"] == epoch]["cluster"].value_counts()
        assert taken.reindex(budget.index, fill_value=0).tolist() == budget.tolist()


def test_random_rounds_draw_afresh_and_by_no_cluster():
    run = training("guide-random")
    run.train(Memory())
    trace = run.state.trace.frame()
    first, second = (set(rows) for _, rows in trace.groupby("epoch")["pool"])
    assert first != second and set(trace["cluster"]) == {-1}


@pytest.mark.parametrize("name", ALONE)
def test_selected_images_join_any_framework_from_the_first_epoch(name):
    run = training(name, pool=random_images(50, seed=1))
    run.train(Memory())
    assert all(row["images"] == 90 for row in run.state.history)
    assert all(not memory.isnan().any() for memory in remembered(run).values())


@pytest.mark.parametrize("name", ["simclr", "sdclr", "bcl", "colt", "guide"])
def test_a_temperature_schedule_goes_with_every_framework(name):
    warm = replace(OPTIMIZATION, temperature=CosineTemperature(0.1, 1.0), temperature_period=2 / 3)  # of six epochs
    run = training(name, warm)
    seen = [(run.begin_epoch(epoch), run.temperature)[1] for epoch in (1, 2)]
    assert seen == pytest.approx([1.0, 0.55])
    run, cool = training(name, warm), training(name)
    assert run.step(*first_batch(run, 1))["contrastive"] != cool.step(*first_batch(cool, 1))["contrastive"]


def test_each_method_keeps_its_tailness_of_the_in_domain_images():
    for name, measures in (("simclr", []), ("bcl", ["loss"]), ("colt", ["density"]), ("bcl-colt", ["density", "loss"])):
        run = training(name)
        run.train(Memory())
        kept = {key: value for idea in run.ideas.values() for key, value in idea.tailness().items()}
        assert list(kept) == measures
        assert all(len(value) == 40 and not value.isnan().any() for value in kept.values())


def test_a_student_starts_as_its_guide_whose_view_stays():
    run = student()
    guide, start = run.ideas["guidance"].u.clone(), build(NETWORK, 1, 1).state_dict()
    assert all(torch.equal(tensor, start[name]) for name, tensor in run.framework.model.state_dict().items())
    run.train(Memory())
    assert torch.equal(run.ideas["guidance"].u, guide)
    assert not torch.equal(run.framework.model.state_dict()["encoder.conv1.weight"], start["encoder.conv1.weight"])


def test_a_student_minimises_no_contrastive_loss_but_reports_it():
    run = student(settings=replace(GUIDANCE, distill=0.0))
    losses = run.step(*first_batch(run, 1))
    assert set(losses) == {"contrastive", "guided", "loss"} and torch.equal(losses["loss"], losses["guided"])


def test_divergence_is_one_clear_line():
    with pytest.raises(BallastError, match=r"^pretrain: the loss is nan in step 2, before it was [\d.]+; lower \S+lr$"):
        training("simclr", replace(OPTIMIZATION, lr=1e30, warmup=0)).train(Memory())
    with pytest.raises(BallastError, match=r"^pretrain: the weights \S+ are not finite at the end; lower \S+y$"):
        training("simclr", replace(OPTIMIZATION, weight_decay=3e3, warmup=0, epochs=2)).train(Memory())
    run, checkpoint = training("simclr"), Memory(lazy=True)
    step, steps = run.step, iter(range(7))

    def diverging(*batch):
        losses = step(*batch)
        return losses if next(steps, None) is not None else {**losses, "loss": losses["loss"] * torch.inf}

    run.step = diverging
    with pytest.raises(BallastError, match=r"is inf in step 8, .*; the same command goes on .* after epoch 2$"):
        run.train(checkpoint)
    assert checkpoint.state["epoch"] == 2
    with pytest.raises(BallastError, match="the loss is nan in the first step, before any update; change the temperat"):
        training("simclr", replace(OPTIMIZATION, temperature=math.nan)).train(Memory())
    assert all(value.isfinite().all() for value in checkpoint.state["model"].values())


def test_a_full_device_is_one_clear_line(monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    run = training("simclr")
    monkeypatch.setattr(run.framework, "embed", full)
    with pytest.raises(BallastError, match=r"pretrain: out of memory with a batch of 16 images; lower pretrain\.batch"):
        run.train(Memory())
