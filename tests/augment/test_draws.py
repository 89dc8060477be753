"""The random numbers follow torchvision's law and depend on (seed, epoch, image, view) only."""

import math
from dataclasses import replace

import torch
from torchvision.transforms import RandomResizedCrop

from ballast.augment.draws import boosted, contrastive, labelled, random_resized_crop
from ballast.runtime.philox import Stream
from tests.augment.examples import AUGMENT


def uniform(images):
    return Stream(0, "test").uniform(torch.arange(images), range(1), 23)


def test_boxes_follow_torchvisions_distribution():
    ours = random_resized_crop(uniform(20000), 32, 24, (0.1, 1.0))[:, 0]
    torch.manual_seed(0)
    image = torch.zeros(1, 32, 24)
    theirs = torch.tensor([RandomResizedCrop.get_params(image, [0.1, 1.0], [3 / 4, 4 / 3]) for _ in range(20000)])
    for column in range(4):
        a, b = ours[:, column], theirs[:, column].float()
        assert abs(a.mean() - b.mean()) < 4 * b.std() * math.sqrt(2 / 20000)
        assert abs(a.std() - b.std()) < 0.03 * b.std()
    assert (ours[:, :2] >= 0).all() and (ours[:, 0] + ours[:, 2] <= 32).all() and (ours[:, 1] + ours[:, 3] <= 24).all()


def test_a_box_that_never_fits_falls_back_to_the_centre():
    box = random_resized_crop(uniform(3), 100, 10, (1.0, 1.0))[:, 0]
    torch.manual_seed(0)
    assert box[0].tolist() == list(RandomResizedCrop.get_params(torch.zeros(1, 100, 10), [1.0, 1.0], [3 / 4, 4 / 3]))


def test_probabilities_and_ranges_are_those_asked_for():
    draws = contrastive(torch.arange(20000), range(2), 32, 32, AUGMENT, Stream(1, "test"))
    assert abs(draws.flip.float().mean() - 0.5) < 0.01 and abs(draws.gray.float().mean() - 0.2) < 0.01
    assert abs((draws.blur > 0).float().mean() - 0.5) < 0.01 and draws.blur.max() <= 2
    still = (draws.jitter == torch.tensor([1.0, 1, 1, 0])).all(-1)
    assert abs(still.float().mean() - 0.2) < 0.01
    strength = (draws.jitter - torch.tensor([1.0, 1, 1, 0])).abs().amax((0, 1))
    torch.testing.assert_close(strength, torch.tensor([0.4, 0.4, 0.4, 0.1]), rtol=0.01, atol=0)
    places = draws.hue_position.flatten().bincount() / 40000
    assert (places - 0.25).abs().max() < 0.01


def drawn(epoch, images=range(50), views=range(2)):
    images = torch.tensor(list(images))
    draws = contrastive(images, views, 32, 32, AUGMENT, Stream(3, "augment", epoch))
    return boosted(draws, images, views, torch.full((len(images),), 0.7), 2, Stream(3, "boost", epoch))


def test_an_image_has_the_same_numbers_in_any_company_and_order():
    whole = drawn(1, views=range(3))
    some = drawn(1, images=[7, 49, 3], views=range(1, 3))
    assert all(torch.equal(a[[7, 49, 3], 1:], b) for a, b in zip(whole, some))


def test_views_differ_and_the_streams_purpose_decides():
    first, again, later = drawn(1), drawn(1), drawn(2)
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert not torch.equal(first.box, later.box) and not torch.equal(first.box[:, 0], first.box[:, 1])


def test_rows_puts_all_of_view_one_first():
    draws = contrastive(torch.arange(5), range(2), 32, 32, AUGMENT, Stream(0, "test"))
    rows = draws.rows(torch.tensor([4, 1]))
    assert torch.equal(rows.box, torch.stack([draws.box[4, 0], draws.box[1, 0], draws.box[4, 1], draws.box[1, 1]]))


def test_padded_crop_stays_within_the_padding():
    draws = labelled(torch.arange(5000), 32, 32, 4, 0.5, Stream(0, "test"))
    corner = draws.box[..., :2]
    assert corner.min() == -4 and corner.max() == 4 and (draws.box[..., 2:] == 32).all()
    assert (torch.bincount((corner + 4).long().flatten()) / 10000 - 1 / 9).abs().max() < 0.015


def test_a_step_keeps_its_numbers_where_others_are_left_out():
    images = torch.arange(50)
    plain = replace(AUGMENT, gray=0.0, blur=0.0, jitter=[0.0] * 4)
    few, all_ = (contrastive(images, range(2), 32, 32, augment, Stream(3, "augment")) for augment in (plain, AUGMENT))
    assert torch.equal(few.box, all_.box) and torch.equal(few.flip, all_.flip) and few.jitter is few.gray is None
