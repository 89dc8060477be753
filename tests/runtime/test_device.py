"""Parameters set up the device."""

import torch

from ballast.runtime.device import prepare


def test_deterministic_kernels_are_a_parameter():
    threads, usual = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    try:
        for wanted in (False, True):
            prepare(1, wanted)
            assert torch.are_deterministic_algorithms_enabled() == wanted
            assert torch.backends.cudnn.benchmark != wanted and torch.get_num_threads() == 1
    finally:
        prepare(threads, usual)
