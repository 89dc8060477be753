"""Every row and variant on a logical GPU: a training that is killed and resumed, and its rounds."""

from contextlib import suppress

import pytest

from ballast.config.rows import with_variant
from tests.device.gpu import logical_gpu
from tests.device.scene import SCENE, Disk
from tests.training.rows import PARAMS, trainer

pytestmark = pytest.mark.long

TRAININGS = {row: (PARAMS, row) for row in (*PARAMS["methods"], *PARAMS["students"])}
TRAININGS |= {name: (with_variant(PARAMS, name), variant.get("row", variant["of"]))
              for name, variant in PARAMS["variants"].items()}


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_runs_without_a_mistake_about_devices(name):
    with logical_gpu() as found:
        disk = Disk(die_after=2)
        with suppress(KeyboardInterrupt):
            trainer(*TRAININGS[name], SCENE).train(disk)
        resumed = trainer(*TRAININGS[name], SCENE)
        resumed.train(disk)
        assert resumed.state.epoch == len(resumed.batches())
        assert all(weight.device.type == "cuda" for weight in resumed.framework.parameters())
    assert not found.errors and not found.alerts
