"""Two ranks on logical GPUs train as one process does, and no step waits."""

import os

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from ballast.config.profile import Network
from ballast.runtime.distributed import leave_ranks
from ballast.training.loop import update
from tests.builders import flat_weights
from tests.device.gpu import logical_gpu
from tests.device.scene import SCENE
from tests.training.rows import PARAMS, trainer

ROWS = ("simclr", "sdclr", "bcl-colt")
CALM = SCENE._replace(network=Network(stem="cifar", block="basic", width=8, depths=[1], projection=8))


def steps(row):
    """Return the losses and weights of an epoch without and of a step with pool images, and the waits of the step."""
    with logical_gpu() as found:
        training = trainer(PARAMS, row, CALM)
        losses = [update(training.state, 0.01, training.step, *batch)["loss"] for batch in training.begin_epoch(1)]
        batches = iter(training.begin_epoch(2))
        losses.append(update(training.state, 0.01, training.step, *next(batches))["loss"])
        found.clear()
        losses.append(update(training.state, 0.01, training.step, *next(batches))["loss"])
        waits = dict(found.waits)
        assert not found.errors
        weights = flat_weights(training.framework.model).cpu()
        return {"losses": torch.stack(losses).detach().cpu(), "weights": weights, "waits": waits}


def rank(number, folder):
    """Do what a rank does, and keep its results."""
    import tests.device.norm_kernels  # noqa: F401 (registers them)

    torch.set_num_threads(1)
    os.environ |= {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number)}
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=number, world_size=2)
    torch.save({row: steps(row) for row in ROWS}, f"{folder}/{number}.pt")
    leave_ranks()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(rank, (str(folder),), nprocs=2)
    return [torch.load(folder / f"{number}.pt", weights_only=True) for number in range(2)]


@pytest.mark.parametrize("row", ROWS)
def test_two_gpus_take_the_steps_of_one(ranks, row):
    alone = steps(row)
    for of_rank in ranks:
        assert not of_rank[row]["waits"]
        torch.testing.assert_close(of_rank[row]["losses"], alone["losses"], rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(of_rank[row]["weights"], alone["weights"], rtol=1e-2, atol=1e-3)
    assert torch.equal(ranks[0][row]["weights"], ranks[1][row]["weights"])
