"""A training whose steps are CUDA graphs is the training without, bit by bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ballast.images.store import OnDisk
from ballast.runtime.errors import BallastError
from tests.builders import Memory, flat_weights
from tests.device.gpu import logical_gpu
from tests.device.scene import SCENE
from tests.training.rows import PARAMS, trainer

ROWS = ("simclr", "sdclr", "bcl", "mak", "colt", "bcl-colt", "guide", "guided")
NETWORK = replace(SCENE.network, precision="fp32")


def trained(row, graph):
    """Return history and weights of a training, the steps that were replayed, and what a logical GPU found."""
    scene = SCENE._replace(network=replace(NETWORK, graph=graph))
    with logical_gpu() as found:
        training = trainer(PARAMS, row, scene)
        replays = counted(training) if graph else []
        training.train(Memory())
        weights = flat_weights(training.framework.model).cpu()
        return training.state.history, weights, replays, found


def counted(training):
    """Return a list that grows with every replay of a training."""
    replays, take = [], training.graphs.take

    def counting(*args):
        losses = take(*args)
        replays.append(len(training.graphs.recorded))
        return losses

    training.graphs.take = counting
    return replays


@pytest.mark.parametrize("row", ROWS)
def test_replayed_steps_are_those_that_python_launches(row):
    history, weights, _, _ = trained(row, graph=False)
    of_graph, replayed, replays, found = trained(row, graph=True)
    assert of_graph == history and torch.equal(replayed, weights)
    assert max(replays) > 0 and not found.errors


def test_a_step_that_reads_python_is_not_what_was_recorded():
    """The rate is a tensor for this reason: a number would be that of the recording for ever."""
    with logical_gpu():
        rate = torch.ones((), device="cuda")
        graph, x = torch.cuda.CUDAGraph(), torch.zeros(2, device="cuda")
        number = 1.0
        with torch.cuda.graph(graph):
            frozen, read = x + number, x + rate
        number = 2.0
        rate.fill_(2.0)
        graph.replay()
        assert frozen.tolist() == [1.0, 1.0] and read.tolist() == [2.0, 2.0] and number == 2.0


def test_images_that_are_decoded_on_demand_are_refused_in_one_line():
    files = OnDisk(np.array(["a.jpg"] * 35, object), *[torch.full((35,), 8)] * 2, 8, 8)
    scene = SCENE._replace(network=replace(NETWORK, graph=True), in_domain=files)
    with logical_gpu(), pytest.raises(BallastError, match=r"^network\.graph: expected one process and images"):
        trainer(PARAMS, "simclr", scene)


def test_to_look_at_a_value_while_a_graph_is_recorded_is_an_error():
    with logical_gpu() as found:
        x = torch.zeros(2, device="cuda")
        with torch.cuda.graph(torch.cuda.CUDAGraph()):
            x.sum().item()
    assert found.errors
