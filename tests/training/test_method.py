"""Every row and every variant of params.yaml trains, and no variant does the same as its method."""

import pytest
import torch
import yaml

from ballast.config.merge import merged
from ballast.encoders.model import build
from ballast.images.store import Resident
from ballast.training import method as methods
from ballast.training.guide import Guidance
from ballast.training.rounds import Pretraining
from ballast.training.student import Student
from tests import ROOT
from tests.training.test_rounds import NETWORK, RECIPE, Memory

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
SHORT = {"epochs": 4, "batch": 16, "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "warmup": 1, "temperature": 0.2}
SAMPLING = {"budget": 12, "warmup": 1, "every": 1}
ONLY_SELECTION = {"mak-tailness", "mak-proximity", "mak-both"}  # another choice of images, the same training


def train(row):
    """Weights at the end of a short training of a row, and of its student."""
    generator = torch.Generator().manual_seed(0)
    images, pool = (Resident(torch.randint(0, 256, (count, 1, 8, 8), dtype=torch.uint8, generator=generator))
                    for count in (40, 50))
    settings = merged(SHORT, row["pretrain"])
    settings["epochs"] = 4 + (settings["epochs"] > 4)  # a longer training stays a longer one
    if isinstance(settings["temperature"], dict):
        settings["temperature"]["period"] = 4
    model = build(NETWORK, 1, 1, settings.get("layers", 2))
    extra = pool if "select" in row or "resample" in settings else None
    Pretraining(methods.framework(settings, model), images, extra, methods.optimisation(settings), RECIPE, 1,
                methods.method(settings, SAMPLING)).train(Memory())
    if "student" in row:
        how = row["student"]
        guidance = Guidance(**{name: how[name] for name in Guidance.__dataclass_fields__})
        Student(methods.framework(how, model), images, methods.optimisation(SHORT), RECIPE, 1, guidance).train(Memory())
    return torch.cat([tensor.flatten().float() for tensor in model.state_dict().values()])


@pytest.fixture(scope="module")
def ends():
    return {name: train(row) for name, row in PARAMS["methods"].items()}


def test_every_row_trains_to_an_end_of_its_own(ends):
    """But for balanced, random, kcenter and mak, which differ by their images alone."""
    assert all(end.isfinite().all() for end in ends.values())
    own = [ends[name] for name in ("simclr", "sdclr", "bcl", "mak", "colt", "sdclr-colt", "bcl-colt", "guided")]
    assert not any(torch.equal(a, b) for i, a in enumerate(own) for b in own[:i])


@pytest.mark.parametrize("name", PARAMS["variants"])
def test_every_variant_changes_what_its_method_learns(name, ends):
    variant = PARAMS["variants"][name]
    end = train(merged(PARAMS["methods"][variant["of"]], variant["set"]))
    base = ends[variant["of"]]
    assert end.isfinite().all()
    assert (len(end) == len(base) and torch.equal(end, base)) == (name in ONLY_SELECTION)
