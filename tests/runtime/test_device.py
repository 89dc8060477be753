"""Parameters set up the device."""

import os
from dataclasses import replace

import torch

from ballast.encoders.model import build
from ballast.images.decode import MOST_THREADS, workers
from ballast.runtime.device import prepare
from tests.builders import NETWORK


def test_deterministic_kernels_are_a_parameter():
    threads, usual = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    try:
        for wanted in (False, True):
            prepare(1, wanted)
            assert torch.are_deterministic_algorithms_enabled() == wanted
            assert torch.backends.cudnn.benchmark != wanted and torch.get_num_threads() == 1
    finally:
        prepare(threads, usual)


def test_precision_says_whether_products_have_19_bits():
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    try:
        for precision in ("tf32", "fp32", "bf16"):
            build(replace(NETWORK, precision=precision), 1, 1)
            assert torch.backends.cudnn.allow_tf32 == torch.backends.cuda.matmul.allow_tf32 == (precision == "tf32")
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def test_decoding_threads_are_a_ranks_part_of_the_cpus(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(128)), raising=False)
    for ranks, expected in ((1, MOST_THREADS), (16, 8), (200, 1)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(ranks))
        assert workers() == expected
