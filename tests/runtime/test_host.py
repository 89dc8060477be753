"""Copies in the host's memory."""

import torch

from ballast.runtime.host import arriving, copied
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


def test_a_block_is_waited_for_after_the_next_one_is_on_its_way():
    order = []

    def blocks():
        for number in range(3):
            order.append(f"begin {number}")
            yield torch.full((4,), float(number), device="cuda")

    with logical_gpu() as found:
        for block in arriving(blocks()):
            order.append(f"have {int(block[0])}")
    assert order == ["begin 0", "begin 1", "have 0", "begin 2", "have 1", "have 2"]
    assert sum(found.waits.values()) == 3 and all(what.startswith("an event") for what in found.waits)


def test_on_the_cpu_blocks_come_as_they_are():
    given = [torch.ones(2), torch.zeros(2)]
    assert all(one is other for one, other in zip(arriving(given), given))
