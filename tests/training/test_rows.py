"""Every row and every variant of params.yaml trains, and no variant does the same as what it varies."""

import pytest
import torch

from ballast.config.rows import with_variant
from tests.builders import flat_weights
from tests.training.rows import PARAMS, train

ONLY_SELECTION = {"mak-tailness", "mak-proximity", "mak-both", "mak-eyes"}  # other images, the same training


@pytest.fixture(scope="module")
def ends():
    return {row: flat_weights(train(PARAMS, row)) for row in (*PARAMS["methods"], *PARAMS["students"])}


def test_every_row_trains_to_an_end_of_its_own(ends):
    """But for balanced, random, kcenter and mak, which differ by their images alone, and for what does not train."""
    assert all(end.isfinite().all() for end in ends.values())
    different = [ends[row] for row in ends if row not in ("balanced", "random", "kcenter", "frozen")]
    assert torch.equal(ends["frozen"], ends["pool"])
    assert not any(torch.equal(a, b) for i, a in enumerate(different) for b in different[:i])


@pytest.mark.parametrize("name", PARAMS["variants"])
def test_every_variant_changes_what_is_learnt(name, ends):
    variant = PARAMS["variants"][name]
    row = variant.get("row", variant["of"])
    end = flat_weights(train(with_variant(PARAMS, name), row))
    assert end.isfinite().all()
    same = len(end) == len(ends[row]) and torch.equal(end, ends[row])
    assert same == (name in ONLY_SELECTION)
