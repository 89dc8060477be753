"""Parameters set up the device."""

import os
from dataclasses import replace

import pytest
import torch

from ballast.encoders.model import build
from ballast.runtime.device import device, prepare
from ballast.runtime.distributed import join_ranks
from ballast.runtime.errors import BallastError, without_credentials
from ballast.runtime.processes import MOST, workers
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
    for ranks, expected in ((1, MOST), (16, 8), (200, 1)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(ranks))
        assert workers() == expected


@pytest.mark.parametrize("named", ["nonsense", "cuda:99", "cpu:x"])
def test_a_device_that_is_none_is_one_line(monkeypatch, named):
    monkeypatch.setenv("BALLAST_DEVICE", named)
    with pytest.raises(BallastError, match=f"BALLAST_DEVICE: expected a device of this machine.*{named}"):
        device()


def test_a_rank_without_its_group_is_one_line(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(BallastError, match="RANK: expected the variables of torchrun with it, got none of LOCAL_RANK"):
        join_ranks(torch.device("cpu"))


def test_an_address_is_shown_without_its_name_and_password():
    assert without_credentials("at http://me:pass@host:5000/x and s3://bucket/key@1") == (
        "at http://***@host:5000/x and s3://bucket/key@1")
    assert without_credentials("postgresql+psycopg2://me:pass@host/db") == "postgresql+psycopg2://***@host/db"
