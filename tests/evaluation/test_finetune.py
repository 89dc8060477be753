"""Few-shot fine-tuning: which parameters learn, where they start, and which epoch is returned."""

from dataclasses import replace

import torch

from ballast.config.profile import FineTuning
from ballast.encoders.model import build
from ballast.evaluation.finetune import classify, finetune
from ballast.images.store import Resident

NETWORK = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1], "projection": 8}
SETTINGS = FineTuning(epochs=8, batch=8, lr=0.05, crop=1, flip=0.0)


def bars(count=25):
    """Bright rows against bright columns."""
    labels = torch.arange(count) % 2
    images = torch.randint(0, 60, (count, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    for image, label in zip(images, labels):
        if label:
            image[:, 2:6] = 250
        else:
            image[:, :, 2:6] = 250
    return Resident(images), labels


def test_it_learns_and_repeats_and_leaves_the_encoder_alone():
    images, labels = bars()
    model = build(NETWORK, 1, 0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first, again = (finetune(model, images, labels, 2, SETTINGS, 1) for _ in range(2))
    assert (classify(first, images) == labels).float().mean() > 0.9
    assert all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), again.state_dict().values()))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_encoder_and_first_layer_learn_and_the_rest_of_the_head_does_not():
    images, labels = bars()
    model = build(NETWORK, 1, 0)
    tuned = finetune(model, images, labels, 2, SETTINGS, 1).model
    for name, parameter in model.named_parameters():
        moved = not torch.equal(parameter, tuned.get_parameter(name))
        assert moved == (not name.startswith(("head.3", "head.4"))), name


def test_it_starts_from_the_first_layer_of_the_head():
    images, labels = bars()
    still = replace(SETTINGS, lr=1e-12)
    model = build(NETWORK, 1, 0)
    tuned = finetune(model, images, labels, 2, still, 1)
    torch.testing.assert_close(tuned.model.head[0].weight, model.head[0].weight)
    model.load_state_dict(tuned.model.state_dict())
    h = model.eval().features(images.images.float() / 255)
    expected = tuned.classifier(torch.relu(model.head[1](model.head[0](h))))
    torch.testing.assert_close(tuned(images.images.float() / 255), expected)
