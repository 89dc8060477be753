"""The exact number of batches, of the published runs too."""

import torch

from ballast.training.batches import batch_count, batches_per_epoch, matched_epochs, shuffled_batches


def test_lengths_of_the_published_runs():
    assert sum(batches_per_epoch(11165, 10000, 101, 2000, 512)) == 82000
    assert sum(batches_per_epoch(9754, 10000, 101, 2000, 512)) == 76100
    assert sum(batches_per_epoch(12205, 10000, 101, 500, 256)) == 39600
    assert sum(batches_per_epoch(11165, 0, 1, 2000, 512)) == 44000


def test_a_single_image_left_over_joins_the_last_batch():
    assert [len(index) for index in shuffled_batches(33, 16, 1, 1)] == [16, 17] and batch_count(33, 16) == 2
    assert sorted(torch.cat(shuffled_batches(33, 16, 1, 1)).tolist()) == list(range(33))
    assert batch_count(1, 16) == 1


def test_matched_epochs_have_as_many_updates_as_with_the_pool():
    assert matched_epochs(100, 492, 600, 0, 128) == 225  # 9 batches an epoch instead of 4
    assert matched_epochs(100, 492, 600, 10, 128) == 212  # (10 * 4 + 90 * 9) / 4
    updates = matched_epochs(2000, 11165, 10000, 100, 512) * batch_count(11165, 512)
    assert abs(updates - 82_000) <= batch_count(11165, 512) / 2
