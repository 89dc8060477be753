"""BCL: the memorization boosts the augmentation, from the second epoch on, and never of new pool images."""

from dataclasses import replace

import torch

from ballast.tailness.memorization import memorization
from tests.builders import OPTIMIZATION, Memory, flat_weights
from tests.training.runs import epoch_of, first_batch, training


def test_the_first_epoch_is_that_of_simclr():
    runs = [training(name, replace(OPTIMIZATION, epochs=1)) for name in ("simclr", "bcl")]
    for run in runs:
        run.train(Memory())
    assert torch.equal(flat_weights(runs[0].state.model), flat_weights(runs[1].state.model))


def test_the_augmentation_follows_the_memorization_and_spares_new_pool_images():
    run = training("bcl-colt", replace(OPTIMIZATION, batch=64))
    run.begin_epoch(1)
    assert run.draw(torch.arange(40), range(2)).operation is None  # plain SimCLR
    for epoch in (1, 2):
        run.step(*first_batch(run, epoch))
    run.ideas["bcl"].m = torch.rand(52, generator=torch.Generator().manual_seed(3)) + 1
    run.begin_epoch(3)
    everything = torch.arange(len(run.images))
    operation = run.draw(everything, range(2)).operation
    assert (operation[40:] == -1).all() and (operation[:40] >= 0).any()
    m = memorization(run.ideas["bcl"].m[:40])
    fresh = []
    for number in range(4, 42):
        epoch = epoch_of(run, number)
        run.ideas["bcl"].begin(epoch)
        run.boost, run.number = run.memorized(*epoch.boost), number
        fresh.append(run.draw(everything, range(2)).operation)
    applied = torch.stack([(operation >= 0).float().mean((1, 2)) for operation in fresh]).mean(0)
    assert abs(applied[:40].mean() - m.mean()) < 0.05
    for image in (m.argmin(), m.argmax()):
        assert abs(applied[image] - m[image]) < 0.2
