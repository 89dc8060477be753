"""Embeddings that stream: of all images in blocks, of some from a pass over all; the bytes are those of the whole."""

import pytest
import torch
from torch.nn.functional import normalize

from ballast.encoders.embed import batches, embed, of_batches, projections, projections_of
from ballast.encoders.model import build
from ballast.images.resident import Resident
from ballast.selection.nearest import nearest_to_centres, take

NETWORK = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1, 1], "projection": 8}


@pytest.fixture(scope="module")
def place():
    torch.manual_seed(0)
    return build(NETWORK, 3, 1), Resident(torch.randint(0, 256, (300, 3, 8, 8), dtype=torch.uint8))


def test_projections_of_some_are_those_of_the_pass_over_all(place):
    model, images = place
    chosen = torch.tensor([299, 0, 128, 127, 5])
    assert torch.equal(projections_of(model, images, chosen), embed(model, images)[1][chosen])


def test_a_choice_from_the_stream_is_that_from_the_whole_and_has_its_vectors(place):
    model, images = place
    z, centres, budget = embed(model, images)[1], torch.randn(3, 8), torch.tensor([4, 0, 9])
    taken = take(projections(model, images), centres, budget)
    assert all(torch.equal(*pair) for pair in zip(taken[:3], nearest_to_centres(z, centres, budget)))
    assert torch.equal(taken.z, z[taken.index])
    small = take(projections(model, images), centres, budget, block=128)  # merged block by block
    assert torch.equal(small.index, taken.index) and torch.equal(small.z, taken.z)


def test_batches_of_a_part_have_the_features_of_the_whole(place):
    model, images = place
    whole = embed(model, images)[0]
    part = torch.cat([h for _, h, _ in of_batches(model, images, batches(images, 128, 300))])
    assert torch.equal(part, whole[128:]) and torch.isfinite(normalize(part)).all()


@pytest.mark.parametrize("training", [True, False])
def test_the_model_returns_to_its_mode_also_when_nobody_reads_to_the_end(place, training):
    model, images = place
    model.train(training)
    stream = projections(model, images)
    next(stream)
    stream.close()
    del stream
    assert model.training == training
