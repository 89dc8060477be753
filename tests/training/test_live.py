"""A training that is watched: true measures, a line for every epoch, the same bytes, and little time."""

import time

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from ballast.training import live
from ballast.training.health import effective_rank, health, kept, neighbours
from ballast.training.live import Live, read
from tests.builders import AUGMENT, Memory, flat_weights
from tests.oracles.health import by_loops
from tests.training.runs import METHODS, student, training

RUNS = {**{name: lambda name=name: training(name) for name in METHODS}, "student": student}


def random(rows, width, seed, scale=1.0):
    return scale * torch.randn(rows, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def watched(run, path, epochs=6):
    return Live(path, "row, repeat 1", epochs, run.framework.model, run.in_domain, AUGMENT, 1)


def test_measures_are_those_of_the_equations():
    h, z, other = random(30, 8, 1) + 2, normalize(random(30, 5, 2)), normalize(random(30, 5, 3))
    found, expected = health(h, z, other), by_loops(h.numpy(), z.numpy(), other.numpy())
    assert found == pytest.approx(expected, rel=1e-6)


def test_extremes():
    assert effective_rank(torch.eye(7, dtype=torch.float64)) == pytest.approx(7)
    assert effective_rank(random(1, 6, 1).expand(9, 6)) == pytest.approx(1, abs=1e-4)
    same = normalize(random(1, 6, 1)).expand(9, 6)
    one = health(random(9, 4, 2), same, same)
    assert [one[name] for name in ("spread", "alignment", "uniformity")] == pytest.approx([0, 0, 0], abs=1e-6)
    assert health(random(4000, 4, 2), normalize(random(4000, 64, 3)), normalize(random(4000, 64, 4)))[
        "spread"] == pytest.approx(1, abs=0.02)
    h = random(40, 6, 5)
    assert kept(neighbours(h), neighbours(h)) == 1 and kept(neighbours(h), neighbours(random(40, 6, 6))) < 0.6


@pytest.mark.parametrize("name", RUNS)
def test_it_changes_no_bit_and_has_every_epoch(name, tmp_path, monkeypatch):
    monkeypatch.setattr(live, "PART", 100.0)  # a look after every epoch
    alone, seen = RUNS[name](), RUNS[name]()
    alone.train(Memory())
    seen.train(Memory(), watched(seen, tmp_path / "live.csv"))
    assert torch.equal(flat_weights(alone.state.model), flat_weights(seen.state.model))
    assert all(torch.equal(a, b) for a, b in zip(alone.state.model.buffers(), seen.state.model.buffers()))
    assert alone.state.history_frame().to_csv() == seen.state.history_frame().to_csv()
    lines = read(tmp_path / "live.csv")
    assert [float(line["loss"]) for line in lines] == [row["loss"] for row in seen.state.history]
    assert [int(line["epoch"]) for line in lines] == [row["epoch"] for row in seen.state.history]
    assert all(float(line["rank"]) >= 1 and -4 <= float(line["uniformity"]) <= 0 for line in lines)
    assert not lines[0]["kept"] and all(0 <= float(line["kept"]) <= 1 for line in lines[1:])
    assert float(lines[-1]["left"]) == 0


def test_a_training_that_was_killed_goes_on_in_its_file(tmp_path):
    whole, pieces, checkpoint = training("colt"), training("colt"), Memory()
    whole.train(Memory(), watched(whole, tmp_path / "whole.csv"))
    checkpoint.die_after = 3
    with pytest.raises(KeyboardInterrupt):
        pieces.train(checkpoint, watched(pieces, tmp_path / "pieces.csv"))
    with open(tmp_path / "pieces.csv", "a") as file:
        file.write("4,12,0.")  # cut off
    checkpoint.die_after = None
    again = training("colt")
    again.train(checkpoint, watched(again, tmp_path / "pieces.csv"))
    losses = [[line["loss"] for line in read(tmp_path / f"{name}.csv")] for name in ("whole", "pieces")]
    assert losses[0] == losses[1] and len(losses[0]) == len(whole.state.history)


def test_looks_take_a_hundredth_of_the_time(tmp_path, monkeypatch):
    run = training("simclr")
    watcher = watched(run, tmp_path / "live.csv", epochs=1000)
    clock = iter(np.arange(0, 1e6, 0.5))  # every question costs half a second, a look asks twice
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    watcher.start = 0.0
    for epoch in range(1, 301):
        watcher.epoch({"epoch": epoch, "images": 1, "loss": 1 / epoch})
    looks = [line for line in read(tmp_path / "live.csv") if line["rank"]]
    assert 2 <= len(looks) <= 4 and watcher.spent <= 0.01 * next(clock) + 1


def test_what_looks_wrong_is_one_line_once(tmp_path, capsys, monkeypatch):
    run = training("simclr")
    watcher = watched(run, tmp_path / "live.csv", epochs=100)
    monkeypatch.setattr(watcher, "due", lambda elapsed: True)
    monkeypatch.setattr(watcher, "look", lambda: {"spread": 0.01, "rank": 1.2})
    for epoch in range(1, 60):
        watcher.epoch({"epoch": epoch, "images": 1, "loss": 4.0})
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in said] == ["collapsed in epoch 1", "plateau in epoch 20"]
    assert said[1] == "row, repeat 1: plateau in epoch 20: the loss has not fallen in 10 epochs (4, 4)"


def test_a_loss_that_starts_later_gets_a_column(tmp_path):
    run = training("simclr")
    watcher = watched(run, tmp_path / "live.csv", epochs=3)
    for epoch, more in ((1, {}), (2, {"domain": 0.5}), (3, {"domain": 0.25})):
        watcher.epoch({"epoch": epoch, "images": 1, "loss": 1.0, **more})
    assert [line["domain"] for line in read(tmp_path / "live.csv")] == ["", "0.5", "0.25"]
    assert watcher.note().startswith("loss 1, rank ")
