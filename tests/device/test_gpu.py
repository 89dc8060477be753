"""The logical GPU finds what a real one refuses, and nothing else."""

import copy

import pytest
import torch

from tests.device.gpu import logical_gpu

pytestmark = pytest.mark.unit


@pytest.fixture
def found():
    with logical_gpu() as found:
        yield found


@pytest.fixture
def a(found):
    values = torch.ones(4, 3, device="cuda", requires_grad=True)
    found.clear()
    return values


REFUSED = {
    "a sum of both devices": lambda a: a + torch.ones(4, 3),
    "a concatenation of both": lambda a: torch.cat([a, torch.ones(4, 3)]),
    "an index of the GPU for the CPU": lambda a: torch.ones(4, 3)[torch.arange(2, device="cuda")],
    "a generator of the CPU": lambda _: torch.rand(3, device="cuda", generator=torch.Generator()),
    "weights and input apart": lambda _: torch.nn.Linear(3, 2).to("cuda")(torch.ones(4, 3)),
    "values of the CPU put into the GPU": lambda a: a.detach().index_put_((torch.arange(4, device="cuda"),),
                                                                          torch.ones(4, 3)),
    "a product with the CPU": lambda a: a @ torch.ones(3, 2)}
WAITED_FOR = {
    "a value": lambda a: a.sum().item(),
    "a list": lambda a: a.detach().tolist(),
    "a copy to the host": lambda a: a.detach().cpu(),
    "a copy to pageable memory": lambda a: torch.empty(4, 3).copy_(a.detach(), non_blocking=True),
    "an index of the CPU": lambda a: a[torch.arange(2)],
    "a boolean index": lambda a: a[a.detach() > 0],
    "nonzero": lambda a: a.detach().nonzero(),
    "a tensor of Python's values": lambda a: torch.tensor([1.0, 2.0], device=a.device),
    "new_tensor": lambda a: a.detach().new_tensor([1.0]),
    "a large copy from pageable memory": lambda _: torch.ones(100_000).to("cuda", non_blocking=True),
    "a copy from pinned memory that blocks": lambda _: torch.ones(3).pin_memory().to("cuda")}
NEITHER = {
    "a number": lambda a: a + torch.tensor(2.0),
    "an index of the GPU": lambda a: a[torch.arange(2, device="cuda")],
    "a small copy": lambda _: torch.ones(3).to("cuda", non_blocking=True),
    "a copy from pinned memory": lambda _: torch.ones(100_000).pin_memory().to("cuda", non_blocking=True),
    "a copy into pinned memory": lambda a: torch.empty(4, 3, pin_memory=True).copy_(a.detach(), non_blocking=True),
    "a backward pass": lambda a: (a * 2).sum().backward(),
    "whole numbers summed up": lambda a: a.detach().long().cumsum(0)}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_gpu_refuses_is_an_error(found, a, what):
    REFUSED[what](a)
    assert found.errors


@pytest.mark.parametrize("what", WAITED_FOR)
def test_what_the_host_waits_for_is_noted(found, a, what):
    WAITED_FOR[what](a)
    assert found.waits and not found.errors


@pytest.mark.parametrize("what", NEITHER)
def test_what_a_gpu_does_by_itself_is_neither(found, a, what):
    NEITHER[what](a)
    assert not found.errors and not found.alerts and not found.waits


def test_kernels_without_a_deterministic_version_are_noted(found, a):
    a.detach().kthvalue(2, 0)
    a.detach().cumsum(0)
    assert sum(found.alerts.values()) == 2


def test_devices_go_along_through_backward_optimizer_copies_and_autocast(found, a):
    network = torch.nn.Linear(3, 2).to("cuda")
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0, momentum=0.9, fused=True)
    with torch.autocast("cuda", torch.bfloat16):
        out = network(a)
    out.sum().backward()
    optimizer.step()
    state = copy.deepcopy(optimizer.state_dict())["state"][0]["momentum_buffer"]
    assert out.dtype is torch.bfloat16 and not found.errors
    assert {t.device.type for t in (out, a.grad, network.weight.grad, state)} == {"cuda"}


def test_a_tensor_of_the_gpu_has_no_numpy(found, a):
    with pytest.raises(TypeError, match="numpy"):
        a.detach().numpy()


def test_launches_are_counted_and_views_are_none(found, a):
    a.detach().T[:2].mul(2).add(1)
    assert found.launches == {"mul": 1, "add": 1}
