"""The norm over several GPUs: that of one process, two collectives, no wait."""

import pytest
import torch

from ballast.runtime.batchnorm import FusedBatchNorm, rows_of_ranks, synchronize_batchnorm
from tests.device import two_ranks
from tests.device.gpu import logical_gpu

CASES = {  # rows of the two ranks, places of an image, type
    "rows": ([3, 2], (), torch.float64),
    "images": ([3, 2], (4, 5), torch.float64),
    "a rank without rows": ([3, 0], (4, 5), torch.float64),
    "bfloat16": ([3, 2], (4, 5), torch.bfloat16),
    "a rank without rows in bfloat16": ([2, 0], (4, 5), torch.bfloat16)}
STEP = {  # one step of a norm: two collectives, five kernels, four small helpers; what the test copies is left out
    "_allgather_base_": 1, "allreduce_": 1, "batch_norm_stats": 1, "batch_norm_gather_stats_with_counts": 1,
    "batch_norm_elemt": 1, "batch_norm_backward_reduce": 1, "batch_norm_backward_elemt": 1, "cat": 2, "add_": 1,
    "_to_copy": 1}


def case(name):
    """Return a fresh norm, images of both ranks, and the upstream gradient."""
    rows, places, dtype = CASES[name]
    torch.manual_seed(0)
    norm = (torch.nn.BatchNorm2d if places else torch.nn.BatchNorm1d)(4)
    norm = norm.double() if dtype is torch.float64 else norm
    torch.nn.init.normal_(norm.weight)
    x, upstream = (3 + torch.randn(sum(rows), 4, *places, dtype=torch.float64) for _ in range(2))
    return norm, x.to(dtype), upstream.to(dtype)


def passed(norm, x, upstream):
    """Return output, gradients and running statistics of one step."""
    x = x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
    x = x.detach().clone().requires_grad_()
    out = norm(x)
    out.backward(upstream)
    return {"out": out.detach(), "x": x.grad, "weight": norm.weight.grad, "bias": norm.bias.grad,
            "mean": norm.running_mean, "var": norm.running_var, "batches": norm.num_batches_tracked}


def work(number):
    """Return what a rank computes on a logical GPU."""
    results = {}
    for name, (rows, *_) in CASES.items():
        norm, x, upstream = case(name)
        with logical_gpu() as found:
            norm = synchronize_batchnorm(norm.to("cuda"))
            assert isinstance(norm, FusedBatchNorm)
            mine = [part.split(rows)[number].to("cuda") for part in (x, upstream)]
            with rows_of_ranks(rows):
                norm(mine[0])  # constants are made
                norm.zero_grad()
                norm.reset_running_stats()
                found.clear()
                results[name] = passed(norm, *mine)
        assert not found.errors and not found.waits
        results[name]["launches"] = dict(found.launches)
    return results


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    return two_ranks.results(work, tmp_path_factory.mktemp("ranks"))


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_norm_of_all_rows_in_one_process(ranks, name):
    expected = passed(*case(name))
    results = [of_rank[name] for of_rank in ranks]
    rounded = expected["out"].dtype is torch.bfloat16
    close = {"rtol": 2e-2, "atol": 4e-2} if rounded else {"rtol": 1e-10, "atol": 1e-10}
    for what in ("out", "x"):
        torch.testing.assert_close(torch.cat([result[what] for result in results]), expected[what], **close)
    for what in ("weight", "bias"):
        total = sum(result[what] for result in results)
        torch.testing.assert_close(total, expected[what], **close)
    for result in results:
        for what in ("mean", "var", "batches"):
            torch.testing.assert_close(result[what], expected[what], **close)


def test_it_takes_one_collective_in_each_direction_and_few_launches(ranks):
    launches = ranks[0]["images"]["launches"]
    assert {name: count for name, count in launches.items() if name != "clone"} == STEP
