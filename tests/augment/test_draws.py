"""The table of random numbers follows torchvision's law and depends on (seed, epoch, image, view) only."""

import math

import torch
from torchvision.transforms import RandomResizedCrop

from ballast.augment.draws import boosted, contrastive, labelled, random_resized_crop
from ballast.runtime.rng import generator
from tests.augment.examples import AUGMENT


def test_boxes_follow_torchvisions_distribution():
    ours = random_resized_crop((20000,), 32, 24, (0.1, 1.0), generator(0, "test"))
    torch.manual_seed(0)
    image = torch.zeros(1, 32, 24)
    theirs = torch.tensor([RandomResizedCrop.get_params(image, [0.1, 1.0], [3 / 4, 4 / 3]) for _ in range(20000)])
    for column in range(4):
        a, b = ours[:, column], theirs[:, column].float()
        assert abs(a.mean() - b.mean()) < 4 * b.std() * math.sqrt(2 / 20000)
        assert abs(a.std() - b.std()) < 0.03 * b.std()
    assert (ours[:, :2] >= 0).all() and (ours[:, 0] + ours[:, 2] <= 32).all() and (ours[:, 1] + ours[:, 3] <= 24).all()


def test_a_box_that_never_fits_falls_back_to_the_centre():
    box = random_resized_crop((3,), 100, 10, (1.0, 1.0), generator(0, "test"))
    torch.manual_seed(0)
    assert box[0].tolist() == list(RandomResizedCrop.get_params(torch.zeros(1, 100, 10), [1.0, 1.0], [3 / 4, 4 / 3]))


def test_probabilities_and_ranges_are_those_asked_for():
    draws = contrastive(20000, 2, 32, 32, AUGMENT, generator(1, "test"))
    assert abs(draws.flip.float().mean() - 0.5) < 0.01 and abs(draws.gray.float().mean() - 0.2) < 0.01
    assert abs((draws.blur > 0).float().mean() - 0.5) < 0.01 and draws.blur.max() <= 2
    still = (draws.jitter == torch.tensor([1.0, 1, 1, 0])).all(-1)
    assert abs(still.float().mean() - 0.2) < 0.01
    strength = (draws.jitter - torch.tensor([1.0, 1, 1, 0])).abs().amax((0, 1))
    torch.testing.assert_close(strength, torch.tensor([0.4, 0.4, 0.4, 0.1]), rtol=0.01, atol=0)
    places = draws.hue_position.flatten().bincount() / 40000
    assert (places - 0.25).abs().max() < 0.01


def test_views_differ_and_the_generators_purpose_decides():
    def table(epoch):
        draws = contrastive(50, 2, 32, 32, AUGMENT, generator(3, "augment", epoch))
        return boosted(draws, torch.full((50,), 0.7), 2, generator(3, "boost", epoch))

    first, again, later = table(1), table(1), table(2)
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert not torch.equal(first.box, later.box) and not torch.equal(first.box[:, 0], first.box[:, 1])


def test_rows_puts_all_of_view_one_first():
    draws = contrastive(5, 2, 32, 32, AUGMENT, generator(0, "test"))
    rows = draws.rows(torch.tensor([4, 1]))
    assert torch.equal(rows.box, torch.stack([draws.box[4, 0], draws.box[1, 0], draws.box[4, 1], draws.box[1, 1]]))
    second = draws.views(1, 2).rows(torch.tensor([4, 1]))
    assert torch.equal(second.box, rows.box[2:]) and torch.equal(second.flip, rows.flip[2:])


def test_padded_crop_stays_within_the_padding():
    draws = labelled(5000, 32, 32, 4, 0.5, generator(0, "test"))
    corner = draws.box[..., :2]
    assert corner.min() == -4 and corner.max() == 4 and (draws.box[..., 2:] == 32).all()
