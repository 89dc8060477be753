"""Two processes train as one: the same losses, weights, choices and embeddings."""

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from ballast.encoders.embed import embed
from ballast.encoders.model import build
from ballast.images.store import Resident
from ballast.runtime.distributed import WholeBatchNorm, gathered, share, shares, stop, synchronised, world
from ballast.training import rounds
from ballast.training.optimisation import Optimisation
from tests.training import test_rounds, test_student
from tests.training.test_rounds import NETWORK as SMALL
from tests.training.test_rounds import Memory, training
from tests.training.test_student import student

# At a high rate and a low temperature a tiny network makes a thousand times of every rounding in an epoch: there one
# process with one thread or two differs as much.
CALM = {"epochs": 6, "batch": 20, "momentum": 0.9, "weight_decay": 1e-4, "warmup": 1, "temperature": 0.5}
NETWORK = {**SMALL, "width": 32}
METHODS = ("simclr", "sdclr", "bcl", "colt", "guided", "guided-joint")


def finished(name):
    """A short training: its losses, the weights at its end, and what it chose."""
    run = student(Optimisation(**CALM, lr=0.02)) if name == "student" else training(
        name, Optimisation(**CALM, lr=0.005), network=NETWORK)
    run.train(Memory())
    losses = torch.tensor([row["loss"] for row in run.state.history])
    weights = torch.cat([tensor.flatten().float() for tensor in run.framework.model.state_dict().values()])
    chosen = run.state.memory.get("trace.index", torch.zeros(0))
    return losses, weights, chosen


def embedded():
    """Of more images than a batch, and of fewer."""
    images = torch.randint(0, 256, (2500, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return [embed(build(NETWORK, 1, 1), Resident(images[:count])) for count in (2500, 1100, 10)]


def norm():
    """Output, gradients and running statistics of one BatchNorm on 5 rows."""
    torch.manual_seed(0)
    layer, rows, up = nn.BatchNorm1d(3), 4 + torch.randn(5, 3), torch.randn(5, 3)
    nn.init.normal_(layer.weight)
    mine = share(rows).requires_grad_()
    out = synchronised(layer)(mine)
    (out * share(up)).sum().backward()
    if world() > 1:
        assert isinstance(layer, WholeBatchNorm)
        for parameter in layer.parameters():
            dist.all_reduce(parameter.grad)
        counts = shares(5)
        out, gradient = gathered(out.detach(), counts), gathered(mine.grad, counts)
    else:
        gradient = mine.grad
    return out.detach(), gradient, layer.weight.grad, layer.bias.grad, layer.running_mean, layer.running_var


def rank(number, port, folder):
    """What a rank does in the test; the first one keeps the results."""
    import os
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number), "MASTER_ADDR": "127.0.0.1",
                   "MASTER_PORT": port}
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=number, world_size=2)
    test_rounds.build = test_student.build = lambda *given: synchronised(build(*given))
    results = {name: finished(name) for name in (*METHODS, "student")}
    results |= {"embed": embedded(), "norm": norm()}
    torch.save(results, f"{folder}/{number}.pt")
    stop()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Results of one process, and of each of two."""
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(rank, (str(29500), str(folder)), nprocs=2)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    alone = {name: finished(name) for name in (*METHODS, "student")} | {"embed": embedded(), "norm": norm()}
    torch.set_num_threads(threads)
    return alone, [torch.load(folder / f"{number}.pt", weights_only=True) for number in range(2)]


@pytest.mark.parametrize("name", (*METHODS, "student"))
def test_losses_weights_and_choices_are_those_of_one_process(both, name):
    alone, ranks = both
    for found in ranks:
        for own, other in zip(found[name][:2], alone[name][:2]):
            torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-4)
        assert torch.equal(found[name][2], alone[name][2])
    assert all(torch.equal(*pair) for pair in zip(*(found[name] for found in ranks)))


def test_embeddings_are_byte_equal(both):
    alone, ranks = both
    for found in ranks:
        for own, other in zip(found["embed"], alone["embed"]):
            assert all(torch.equal(*pair) for pair in zip(own, other))


def test_a_norm_sees_the_whole_batch(both):
    alone, ranks = both
    for found in ranks:
        for own, other in zip(found["norm"], alone["norm"]):
            torch.testing.assert_close(own, other)


def test_alone_nothing_changes():
    model, rows = build(NETWORK, 1, 1), torch.arange(6)
    assert synchronised(model) is model and not any(isinstance(m, WholeBatchNorm) for m in model.modules())
    assert share(rows) is rows and shares(6) == [6] and gathered(rows, [6]) is rows and rounds.rank() == 0


def test_shares_differ_by_at_most_one(monkeypatch):
    monkeypatch.setattr("ballast.runtime.distributed.world", lambda: 4)
    assert [shares(count) for count in (0, 3, 9)] == [[0] * 4, [1, 1, 1, 0], [3, 2, 2, 2]]
