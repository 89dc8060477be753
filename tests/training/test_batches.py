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


def test_pairs_of_views_take_a_part_of_the_images_in_every_epoch():
    epochs = [shuffled_batches(33, 16, 1, epoch, 2) for epoch in (1, 2)]
    for batches in epochs:
        assert [len(visits) for visits in batches] == [16, 18] and batch_count(33, 16, 2) == 2  # 17 images, in pairs
        for visits in batches:
            first, second = visits.chunk(2)
            assert torch.equal(first + 33, second) and len(set(first.tolist())) == len(first)
    seen = [visit for batches in epochs for visits in batches for visit in visits.chunk(2)[0].tolist()]
    assert len(seen) == 34 and set(seen) == set(range(33))
    assert not torch.equal(shuffled_batches(33, 16, 1, 3, 2)[0], epochs[0][0])


def test_pairs_of_views_make_as_many_batches():
    assert sum(batches_per_epoch(11164, 10000, 101, 2000, 512, 2)) == 82000
    made = [len(shuffled_batches(101, 20, 1, epoch, 2)) for epoch in range(1, 5)]
    assert made == batches_per_epoch(101, 0, 5, 4, 20, 2)
