"""Bad parameters end in one line that names the parameter."""

from pathlib import Path

import pytest
import yaml

from ballast.errors import BallastError
from ballast.params import check

ROOT = Path(__file__).parents[1]


def changed(path, value):
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    *way, last = path.split(".")
    here = raw
    for part in way:
        here = here[part]
    if value is KeyError:
        del here[last]
    else:
        here[last] = value
    return raw


def test_the_committed_parameters_are_sound():
    check(changed("seed", 3))


@pytest.mark.parametrize(("path", "value", "line"), [
    ("profile", "lptop", "profile: unknown 'lptop'; known: laptop"),
    ("dataset", "cats", "dataset: unknown 'cats'; known: glyphs, digits"),
    ("profiles.laptop.sampling.budget", -5, "profiles.laptop.sampling.budget: input should be greater"),
    ("profiles.laptop.pretrain.epochs", 0, "profiles.laptop.pretrain.epochs: input should be greater"),
    ("profiles.laptop.pretrain.epochs", "60", "profiles.laptop.pretrain.epochs: input should be a valid integer"),
    ("profiles.laptop.pretrain.warmup", 99999, "profiles.laptop.pretrain.warmup: 99999 epochs do not fit"),
    ("profiles.laptop.sampling.budget", 9000, "profiles.laptop.sampling.budget: 9000 is more than the 6000 images"),
    ("profiles.laptop.sampling.warmup", 100, "profiles.laptop.sampling.warmup: 100 leaves none of the 100 epochs"),
    ("datasets.glyphs.longtail.ratio", 0.5, "datasets.glyphs.longtail.ratio: input should be greater"),
    ("datasets.glyphs.source.kind", "jpeg", "datasets.glyphs.source"),
    ("profiles.smoke.network.width", 4, "profiles.smoke.network.width: input should be greater than or equal to 16"),
    ("datasets.glyphs.source.size", 2, "datasets.glyphs.source.size: input should be greater"),
    ("datasets.glyphs.augment.crop", [0.9, 0.2], "datasets.glyphs.augment.crop: wants [smallest, largest]"),
    ("methods.mak.select.alhpa", 0.3, "methods.mak.select.alhpa: unknown key; did you mean 'alpha'?"),
    ("methods.mak.select.alpha", KeyError, "methods.mak.select.alpha: missing"),
    ("methods.mak.select.alpha", 3, "methods.mak.select.alpha: input should be less than or equal to 1, found 3"),
    ("methods.colt.pretrain.framework", "simclear", "methods.colt.pretrain.framework: input should be 'simclr'"),
    ("methods.colt.pretrain.resample.clusters", 0, "methods.colt.pretrain.resample.clusters: input should be greater"),
    ("methods.colt.pretrain.domain.form", "x", "methods.colt.pretrain.domain.form: input should be 'code' or 'poster'"),
])
def test_a_mistake_is_one_line_that_names_it(path, value, line):
    with pytest.raises(BallastError) as error:
        check(changed(path, value))
    assert str(error.value).startswith(line) and "\n" not in str(error.value)
