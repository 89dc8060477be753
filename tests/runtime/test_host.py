"""Copies in the host's memory."""

import torch

from ballast.runtime.host import copied
from tests.device.gpu import logical_gpu


def test_a_copy_keeps_values_structure_and_layout_and_stays_as_it_is():
    x = torch.rand(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    tree = {"a": [x, (1, "b")], "c": {"d": None}}
    copy = copied(tree)
    expected = x.clone()
    x.zero_()
    assert torch.equal(copy["a"][0], expected) and copy["a"][0].stride() == x.stride()
    assert copy["a"][1] == (1, "b") and copy["c"] == {"d": None}


def test_what_is_on_a_gpu_is_copied_side_by_side_and_waited_for_once():
    with logical_gpu() as found:
        tree = [torch.ones(100_000, device="cuda") for _ in range(5)]
        found.clear()
        copy = copied(tree)
        assert {tensor.device.type for tensor in copy} == {"cpu"}
    assert sum(found.waits.values()) == 1 and next(iter(found.waits)).startswith("synchronize")
