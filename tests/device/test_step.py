"""One step of every row at the papers' network: the host never waits, and the number of launches is known exactly."""

from dataclasses import replace

import pandas as pd
import pytest

from ballast.config.build import build
from ballast.config.files import read_chosen
from ballast.config.profile import Profile
from ballast.encoders.embed import augmentation, embed
from ballast.runtime.philox import Stream
from ballast.training.loop import update
from tests import ROOT
from tests.builders import random_images
from tests.device.gpu import logical_gpu
from tests.device.scene import CUDA
from tests.training.rows import PARAMS, Scene, trainer

VALUES = read_chosen({"profile": "cifar10_lt"}, "profile", ROOT)
PAPER = build(Profile, VALUES)
SCENE = Scene(random_images(35, 3, 32), random_images(40, 3, 32, seed=1),
              replace(PAPER.network, width=8, precision="bf16"), PAPER.augment, CUDA)  # counts do not depend on sizes
# Operators that launch a kernel in a step with a whole batch, data and optimizer included. Fewer is faster.
LAUNCHES = pd.read_csv(ROOT / "tests/device/launches.csv")
ROWS = [row for row in (*PARAMS["methods"], *PARAMS["students"]) if row != "frozen"]  # which takes no step
ALONE = LAUNCHES[LAUNCHES["ranks"] == 1].set_index("step")["operators"]


def second_step(row):
    """Return what a logical GPU meets in the second step of an epoch with pool images."""
    with logical_gpu() as found:
        training = trainer(PARAMS, row, SCENE)
        for epoch in (1, 2):
            batches = iter(training.begin_epoch(epoch))
            for _ in range(2):
                found.clear()
                index, views = next(batches)
                update(training.state, 0.1, training.step, index, views)
    return found


@pytest.mark.parametrize("row", ROWS)
def test_a_step_waits_for_nothing(row):
    found = second_step(row)
    assert not found.errors and not found.alerts and not found.waits
    assert sum(found.launches.values()) == ALONE[row]


def test_every_row_has_its_number():
    assert sorted(ALONE.index) == sorted(ROWS)


@pytest.mark.parametrize("augmented", [False, True])
def test_an_embedded_block_waits_for_nothing(augmented):
    with logical_gpu() as found:
        model = trainer(PARAMS, "simclr", SCENE).framework.model
        images = SCENE.in_domain.to(CUDA)
        draw = augmentation(images, PAPER.augment, Stream(1, "embed")) if augmented else None
        embed(model, images, draw)
        found.clear()
        embed(model, images, draw)
    assert not found.errors and not found.waits
