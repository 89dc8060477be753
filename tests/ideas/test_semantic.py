"""The memory bank: it begins with the first round, and a round replaces its pool images alone."""

import torch

from tests.builders import Memory
from tests.training.runs import first_batch, training


def test_the_bank_begins_with_the_first_round_and_keeps_the_in_domain_images():
    run = training("guide")
    assert "semantic" not in run.step(*first_batch(run, 1)) and run.ideas["semantic"].bank is None
    run.begin_epoch(3)
    bank = run.ideas["semantic"].bank.clone()
    assert bank.shape == (52, 8)
    run.begin_epoch(5)
    assert torch.equal(run.ideas["semantic"].bank[:40], bank[:40])
    assert not torch.equal(run.ideas["semantic"].bank[40:], bank[40:])


def test_its_term_is_in_the_history_from_the_first_round_on():
    run = training("guide")
    run.train(Memory())
    assert ["semantic" in row for row in run.state.history] == [False, False, True, True, True, True]
