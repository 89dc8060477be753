"""Ballast equals the released implementations on the inputs of reference.npz, and the comparison can fail."""

from pathlib import Path

import numpy as np
import pytest

from tests.reference import main

FILE = Path(__file__).with_name("reference.npz")


def test_equal_to_the_released_code():
    assert main(str(FILE)) == 0


@pytest.mark.parametrize("key", ["ntxent_t0.2_loss", "colt_budget", "mak_selected_alpha0.3", "kcenter_selected",
                                 "mak_ecle_ref", "ntxent_t0.2_colt_alpha0.2_grad_view1", "prune_p0.9_mask1"])
def test_a_difference_is_reported(key, tmp_path):
    with np.load(FILE) as file:
        data = dict(file)
    data[key] = data[key][::-1] if data[key].ndim else data[key] + 0.01
    np.savez(tmp_path / "other.npz", **data)
    assert main(str(tmp_path / "other.npz")) > 0
