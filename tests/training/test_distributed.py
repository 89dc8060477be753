"""Two processes train as one.

What holds on every processor: in float64, a step and a round agree to 1e-10. In float32 a whole training amplifies
every rounding, so its difference is compared with that of one process from weights that were rounded differently.
"""

import os
from dataclasses import replace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from ballast.encoders.embed import embed
from ballast.encoders.model import build
from ballast.runtime.batchnorm import synchronize_batchnorm
from ballast.runtime.distributed import leave_ranks
from ballast.training.loop import update
from tests.builders import NETWORK, OPTIMIZATION, Memory, random_images
from tests.training.runs import METHODS, first_batch, student, training

CALM = replace(OPTIMIZATION, batch=20, temperature=0.5, lr=0.02)  # a high rate makes chaos of any rounding
WIDE = replace(NETWORK, width=32)
RUNS = (*METHODS, "student")


def run_of(name, model):
    """Return a short training of a model."""
    model = synchronize_batchnorm(model)
    if name == "student":
        return student(CALM, network=WIDE, model=model)
    return training(name, CALM, network=WIDE, model=model)


def exactly(name):
    """Return losses, weights and the chosen images of an epoch, a round and a step after it, in float64."""
    run = run_of(name, build(WIDE, 1, 1).double())
    steps = [update(run.state, 0.01, run.step, *batch) for batch in run.begin_epoch(1)]
    steps.append(update(run.state, 0.01, run.step, *first_batch(run, 3)))
    losses = torch.stack([losses["loss"].detach() for losses in steps])
    return losses, weights_of(run), chosen(run)


def chosen(run):
    """Return the pool images of all rounds."""
    return torch.tensor(run.state.trace.frame()["pool"].tolist())


def whole(name):
    """Return the weights at the end of a training in float64, and what it chose: in float32 a rounding may flip one."""
    run = run_of(name, build(WIDE, 1, 1).double())
    run.train(Memory())
    return weights_of(run), chosen(run)


def weights_of(run):
    """Return weights and statistics as one tensor in float64."""
    return torch.cat([tensor.flatten().double() for tensor in run.framework.model.state_dict().values()])


def embedded():
    """Return embeddings of more images than a batch, and of fewer."""
    return [embed(build(WIDE, 1, 1), random_images(count)) for count in (2500, 1100, 10)]


def results():
    return {"exactly": {name: exactly(name) for name in RUNS}, "whole": {name: whole(name) for name in RUNS},
            "embed": embedded()}


def rank(number, folder):
    """Do what a rank does in the test, and keep its results."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number)}
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=number, world_size=2)
    torch.save(results(), f"{folder}/{number}.pt")
    leave_ranks()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Return the results of one process, and of each of two."""
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(rank, (str(folder),), nprocs=2)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    alone = results()
    torch.set_num_threads(threads)
    return alone, [torch.load(folder / f"{number}.pt", weights_only=True) for number in range(2)]


@pytest.mark.parametrize("name", RUNS)
def test_a_step_and_a_round_are_those_of_one_process(both, name):
    alone, ranks = both
    for of_rank in ranks:
        for mine, expected in zip(of_rank["exactly"][name], alone["exactly"][name]):
            torch.testing.assert_close(mine, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", RUNS)
def test_a_whole_training_is_that_of_one_process(both, name):
    alone, ranks = both
    weights, images = alone["whole"][name]
    for of_rank in ranks:
        torch.testing.assert_close(of_rank["whole"][name][0], weights, rtol=1e-6, atol=1e-8)
        assert torch.equal(of_rank["whole"][name][1], images)


@pytest.mark.parametrize("name", RUNS)
def test_the_ranks_agree_on_every_bit(both, name):
    _, (first, second) = both
    for what in ("exactly", "whole"):
        assert all(torch.equal(*pair) for pair in zip(first[what][name], second[what][name]))


def test_embeddings_are_byte_equal(both):
    alone, ranks = both
    for of_rank in ranks:
        for mine, expected in zip(of_rank["embed"], alone["embed"]):
            assert all(torch.equal(*pair) for pair in zip(mine, expected))
