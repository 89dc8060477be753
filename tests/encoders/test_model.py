"""How the network is computed: fused by the compiler it is the same function."""

import shutil

import pytest
import torch

from ballast.encoders.model import build
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR

NETWORK = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1], "projection": 16}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="the compiler of CPU code is not here")
@pytest.mark.parametrize("framework", [SimCLR, lambda model: SDCLR(model, 0.5)])
def test_a_compiled_network_is_the_same_function_for_whole_and_ragged_batches(framework):
    plain, fused = (framework(build({**NETWORK, "compile": choice}, 3, 1)) for choice in (False, True))
    torch.manual_seed(0)
    for pairs in (16, 16, 10, 13):
        views = torch.rand(2 * pairs, 3, 8, 8).contiguous(memory_format=torch.channels_last)
        up, ends = torch.randn(2 * pairs, 16), []
        for run in (plain, fused):
            run.zero_grad()
            z = run.project(views, pairs)
            z.backward(up)
            ends.append([z, *(parameter.grad for parameter in run.parameters())])
        torch.testing.assert_close(*ends, rtol=1e-3, atol=1e-3)
    assert list(plain.state_dict()) == list(fused.state_dict())
    for own, other in zip(plain.state_dict().values(), fused.state_dict().values()):
        torch.testing.assert_close(own, other)  # running means too
    assert fused.model.encoder._compiled_call_impl is not None and plain.model.encoder._compiled_call_impl is None
