"""Two processes gather, sum and normalize as one process does."""

import os

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn

from ballast.runtime import batchnorm, distributed
from ballast.runtime.batchnorm import WholeBatchNorm, synchronize_batchnorm
from ballast.runtime.distributed import (
    all_gather_rows,
    all_gather_views,
    broadcast,
    counts_per_rank,
    join_ranks,
    leave_ranks,
    local_rows,
    world_size,
)
from ballast.runtime.gradients import Gradients
from ballast.runtime.ranks import rank


class Network(nn.Module):
    """Two BatchNorms, of images and of vectors, one of them in a container."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten())
        self.head = nn.BatchNorm1d(16)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images))


def step() -> dict[str, Tensor]:
    """Take one step in float64 on 5 images whose loss needs the outputs of all ranks."""
    torch.manual_seed(0)
    model = Network().double()
    images = 4 + torch.randn(5, 2, 4, 4, dtype=torch.float64)
    weight = torch.randn(5, 16, dtype=torch.float64)
    model = synchronize_batchnorm(model)
    gradients = Gradients(model, size=64)  # bytes: several buckets
    local = local_rows(images).clone().requires_grad_()
    z = all_gather_rows(model(local), counts_per_rank(5))
    (z * weight).square().sum().backward()
    gradients.sum()
    results = {name: parameter.grad for name, parameter in model.named_parameters()}
    results |= {name: buffer.clone() for name, buffer in model.named_buffers()}
    results |= {"z": z.detach(), "images": all_gather_rows(local.grad.flatten(1), counts_per_rank(5))}
    results["evaluated"] = model.eval()(images).detach()
    return results


def gathered() -> dict[str, Tensor]:
    """Gather the projections of 5 images, 3 of which have a partner, and broadcast one tensor."""
    first = torch.arange(5.0)[:, None]
    second = 10 + first
    partner = 20 + torch.arange(3.0)[:, None]
    pairs = counts_per_rank(5)
    partners = [3, 0] if world_size() > 1 else [3]
    mine = partner if rank() == 0 else partner[:0]
    z = torch.cat([local_rows(first), local_rows(second), mine])
    return {"views": all_gather_views(z, pairs, partners), "broadcast": broadcast(torch.tensor([float(rank())]))}


def run(number: int, folder: str) -> None:
    """Run one of two ranks."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number)}
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=number, world_size=2)
    assert join_ranks(torch.device("cpu")).type == "cpu"
    norms = [module for module in synchronize_batchnorm(Network()).modules() if isinstance(module, WholeBatchNorm)]
    assert len(norms) == 2 and isinstance(synchronize_batchnorm(nn.BatchNorm1d(3)), WholeBatchNorm)
    torch.save(step() | gathered(), f"{folder}/{number}.pt")
    leave_ranks()


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> tuple[dict, list[dict]]:
    """Return what one process computes, and what each of two does."""
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(run, (str(folder),), nprocs=2)
    return step() | gathered(), [torch.load(folder / f"{number}.pt", weights_only=True) for number in range(2)]


def test_two_ranks_compute_what_one_process_does(results):
    one, ranks = results
    for two in ranks:
        assert two.keys() == one.keys()
        for name, expected in one.items():
            torch.testing.assert_close(two[name], expected, rtol=1e-10, atol=1e-10)


def test_all_ranks_have_the_same_bytes(results):
    first, second = results[1]
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_views_are_in_the_order_of_one_process(results):
    for one in (results[0], *results[1]):
        assert one["views"].flatten().tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22]
        assert one["broadcast"].item() == 0


def test_synchronized_layers_share_parameters_and_statistics_and_keep_their_names(monkeypatch):
    monkeypatch.setattr(batchnorm, "world_size", lambda: 2)
    model = Network()
    before = dict(model.named_parameters()) | dict(model.named_buffers())
    names = list(model.state_dict())
    model.body[1].eval()
    assert synchronize_batchnorm(model) is model and list(model.state_dict()) == names
    after = dict(model.named_parameters()) | dict(model.named_buffers())
    assert list(after) == list(before) and all(after[name] is before[name] for name in before)
    assert not model.body[1].training and model.head.training


def test_alone_nothing_changes():
    model = Network()
    rows = torch.arange(6)
    assert synchronize_batchnorm(model) is model and isinstance(model.head, nn.BatchNorm1d)
    assert local_rows(rows) is rows and counts_per_rank(6) == [6] and all_gather_rows(rows, [6]) is rows
    assert broadcast(rows) is rows and all_gather_views(rows, [2], [2]) is rows
    assert rank() == 0 and world_size() == 1 and join_ranks(torch.device("cpu")) == torch.device("cpu")


def test_counts_differ_by_at_most_one(monkeypatch):
    monkeypatch.setattr(distributed, "world_size", lambda: 4)
    assert [counts_per_rank(count) for count in (0, 3, 9)] == [[0] * 4, [1, 1, 1, 0], [3, 2, 2, 2]]
