"""The linear probe: it learns, it is deterministic, and it leaves the encoder alone."""

from dataclasses import replace

import torch

from ballast.config.profile import Probe
from ballast.encoders.model import build
from ballast.evaluation.probe import augmented_features, correct_within, predict, train_probe
from ballast.images.store import Resident

SETTINGS = Probe(epochs=10, batch=16, lr=3.0, steps=[6, 8], copies=2, crop=1, flip=0.5, every=1, top=1)


def separable():
    torch.manual_seed(0)
    labels = torch.arange(90) % 3
    return torch.eye(3)[labels] + 0.1 * torch.randn(2, 90, 3), labels


def test_separable_features_are_learnt_and_repeatable():
    features, labels = separable()
    first, again = (train_probe(features, labels, features[0], labels, 3, SETTINGS, seed=1) for _ in range(2))
    assert (predict(first, features[1]) == labels).float().mean() > 0.95
    assert torch.equal(first.weight, again.weight)


def test_the_earliest_best_validation_epoch_wins():
    features, labels = separable()
    wrong = (labels + 1) % 3  # the better the probe, the worse its validation: the first epoch must win
    one = train_probe(features, labels, features[0], wrong, 3, SETTINGS, seed=1)
    early = replace(SETTINGS, epochs=1)
    right = [(predict(probe, features[0]) == wrong).sum() for probe in
             (one, train_probe(features, labels, features[0], wrong, 3, early, seed=1))]
    assert right[0] >= right[1]
    assert (predict(one, features[0]) == wrong).sum() >= (predict(
        train_probe(features, labels, features[0], labels, 3, SETTINGS, seed=1), features[0]) == wrong).sum()


def test_weights_and_batchnorm_are_untouched():
    model = build({"stem": "cifar", "block": "basic", "width": 4, "depths": [1, 1], "projection": 8}, 1, 0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = Resident(torch.randint(0, 256, (12, 1, 8, 8), dtype=torch.uint8))
    features = augmented_features(model, images, SETTINGS, seed=0)
    assert features.shape == (2, 12, 8) and not torch.equal(features[0], features[1])
    train_probe(features, torch.arange(12) % 3, features[0], torch.arange(12) % 3, 3, SETTINGS, seed=0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_look_at_the_last_epoch_alone_or_no_validation_image_takes_the_last_epoch():
    features, labels = separable()
    wrong = (labels + 1) % 3
    last = train_probe(features, labels, features[0], wrong, 3, replace(SETTINGS, every=SETTINGS.epochs), seed=1)
    assert (predict(last, features[0]) == labels).float().mean() > 0.95
    without = train_probe(features, labels, features[0, :0], labels[:0], 3, SETTINGS, seed=1)
    assert torch.equal(without.weight, last.weight)


def test_top_five_counts_an_image_whose_class_is_among_the_five_first():
    classifier = torch.nn.Linear(7, 7, bias=False)
    torch.nn.init.eye_(classifier.weight)
    scores = torch.arange(7.0).repeat(7, 1)  # class 6 first, class 0 last
    assert [correct_within(classifier, scores, torch.arange(7), top) for top in (1, 5, 9)] == [1, 5, 7]
