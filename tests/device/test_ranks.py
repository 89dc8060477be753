"""Two ranks on logical GPUs train as one process does, and no step waits."""

import pytest
import torch

from ballast.config.profile import Network
from ballast.runtime import batchnorm
from ballast.training.loop import update
from tests.builders import flat_weights
from tests.device import two_ranks
from tests.device.gpu import logical_gpu
from tests.device.scene import SCENE
from tests.device.test_step import LAUNCHES, second_step
from tests.training.rows import PARAMS, trainer

COLLECTIVES = ("allreduce_", "allgather_", "_allgather_base_")
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


def launched(whole):
    """Return operators, collectives and waits of a step of SimCLR with ResNet-18, with norms from sums or not."""
    usual = batchnorm.FusedBatchNorm
    batchnorm.FusedBatchNorm = batchnorm.WholeBatchNorm if whole else usual
    try:
        found = second_step("simclr")
    finally:
        batchnorm.FusedBatchNorm = usual
    return [sum(found.launches.values()), sum(found.launches[name] for name in COLLECTIVES), sum(found.waits.values())]


def work(_):
    """Return what a rank does in the tests."""
    return {**{row: steps(row) for row in ROWS}, "sums": launched(True), "torch's kernels": launched(False)}


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    return two_ranks.results(work, tmp_path_factory.mktemp("ranks"))


@pytest.mark.parametrize("norms", ["sums", "torch's kernels"])
def test_a_step_of_two_ranks_has_the_launches_that_are_written_down(ranks, norms):
    written = LAUNCHES[(LAUNCHES["ranks"] == 2) & (LAUNCHES["norms"] == norms)]
    assert ranks[0][norms] == written[["operators", "collectives", "waits"]].iloc[0].tolist()


@pytest.mark.parametrize("row", ROWS)
def test_two_gpus_take_the_steps_of_one(ranks, row):
    alone = steps(row)
    for of_rank in ranks:
        assert not of_rank[row]["waits"]
        torch.testing.assert_close(of_rank[row]["losses"], alone["losses"], rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(of_rank[row]["weights"], alone["weights"], rtol=1e-2, atol=1e-3)
    assert torch.equal(ranks[0][row]["weights"], ranks[1][row]["weights"])
