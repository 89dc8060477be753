"""Philox4x32-10 against the vectors that its authors publish, and the laws of its uniform numbers."""

import pytest
import torch

from ballast.runtime.philox import Stream, philox

ONES = 0xFFFFFFFF
VECTORS = [  # counter, key, words: the known answers of Random123
    ([0] * 4, (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([ONES] * 4, (ONES, ONES), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], (0xA4093822, 0x299F31D0),
     [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1])]


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_the_known_answers(counter, key, words):
    assert [int(word) for word in philox([torch.tensor(value) for value in counter], key)] == words


def test_numbers_are_uniform_and_independent_of_company():
    whole = Stream(1, "a").uniform(torch.arange(2000), range(2), 6)
    assert whole.shape == (2000, 2, 6) and whole.min() >= 0 and whole.max() < 1
    assert (whole.mean((0, 1)) - 0.5).abs().max() < 0.02 and (whole.std((0, 1)) - 12**-0.5).abs().max() < 0.01
    assert torch.corrcoef(whole.reshape(2000, 12).T).fill_diagonal_(0).abs().max() < 0.1
    assert torch.equal(Stream(1, "a").uniform(torch.tensor([1999, 5]), range(1, 2), 3), whole[[1999, 5], 1:, :3])


def test_seeds_purposes_and_large_image_numbers_differ():
    images = torch.tensor([3, 3 + 2**32])
    first, other_seed, other_purpose = (stream.uniform(images, range(1), 4) for stream in (
        Stream(1, "a"), Stream(2, "a"), Stream(1, "b")))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, other_seed) and not torch.equal(first, other_purpose)
