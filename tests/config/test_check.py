"""Bad parameters end in one line that names the parameter."""

from pathlib import Path

import pytest
import yaml

from ballast.config.check import check
from ballast.runtime.errors import BallastError

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
    ("profiles.laptop.augment.crop", [0.9, 0.2], "profiles.laptop.augment.crop: wants [smallest, largest]"),
    ("methods.mak.select.alhpa", 0.3, "methods.mak.select.alhpa: unknown key; did you mean 'alpha'?"),
    ("methods.mak.select.alpha", KeyError, "methods.mak.select.alpha: missing"),
    ("methods.mak.select.alpha", 3, "methods.mak.select.alpha: input should be less than or equal to 1, found 3"),
    ("methods.colt.pretrain.framework", "simclear", "methods.colt.pretrain.framework: input should be 'simclr' or"),
    ("methods.colt.pretrain.epochs", 0, "methods.colt.pretrain.epochs: input should be greater"),
    ("methods.colt.pretrain.epochs", 4, "profiles.laptop.pretrain.warmup: 5 epochs do not fit into 4 epochs"),
    ("methods.colt.pretrain.epochs", 8, "profiles.laptop.sampling.warmup: 10 leaves none of the 8 epochs of colt"),
    ("methods.sdclr.pretrain.prune", 1.5, "methods.sdclr.pretrain.prune: input should be less than 1, found 1.5"),
    ("methods.sdclr.pretrain.prune", KeyError, "methods.sdclr.pretrain.prune: the share of pruned weights goes with"),
    ("methods.simclr.pretrain.prune", 0.5, "methods.simclr.pretrain.prune: the share of pruned weights goes with"),
    ("methods.sdclr.pretrain.layers", 4, "methods.sdclr.pretrain.layers: input should be less than or equal to 3"),
    ("methods.bcl.pretrain.boost.operations", 0, "methods.bcl.pretrain.boost.operations: input should be greater"),
    ("methods.simclr.pretrain.boots", {}, "methods.simclr.pretrain.boots: unknown key; did you mean 'boost'?"),
    ("methods.simclr.pretrain.semantic", {"weight": 0.5, "threshold": 0.0},
     "methods.simclr.pretrain.semantic: begins with the first round of resample, which simclr does not have"),
    ("methods.guided.pretrain.resample.neighbours", 0.1,
     "methods.guided.pretrain.resample.neighbours: sparsity counts nearest neighbours, at least 1"),
    ("methods.guided.student.framework", "sdclr", "methods.guided.student.prune: the share of pruned weights"),
    ("methods.guided.student.far", 0, "methods.guided.student.far: input should be greater"),
    ("methods.mak.select.rule", "best", "methods.mak.select"),
    ("profiles.laptop.pretrain.temperature", -1.0, "profiles.laptop.pretrain.temperature: input should be greater"),
    ("profiles.laptop.pretrain.temperature", {"low": 0.1, "high": 1.0},
     "profiles.laptop.pretrain.temperature.period: missing"),
    ("profiles.laptop.linear.crop", "two", "profiles.laptop.linear.crop: input should be a valid integer"),
    ("profiles.laptop.fewshot.every", 1000, "profiles.laptop.fewshot.every: 1000 looks at the validation list never"),
    ("profiles.imagenet100_lt.tuned.sdclr", KeyError, "profiles.imagenet100_lt.tuned: nothing for 'sdclr'; write sdc"),
    ("profiles.imagenet100_lt.tuned.sdcrl", {}, "profiles.imagenet100_lt.tuned.sdcrl: no such method; known: balan"),
    ("profiles.imagenet100_lt.tuned.sdclr.prune", 2.0, "profiles.imagenet100_lt.tuned.sdclr.prune: input should be l"),
    ("variants.bcl-d.of", "blc", "variants.bcl-d.of: no such method as 'blc'; known: balanced"),
    ("variants.mak-both.set.select.ratio", 0.5, "variants.mak-both.set.select.ratio: input should be greater"),
    ("variants.bcl-d.set.pretrain.prune", -1.0, "variants.bcl-d.set.pretrain.prune: input should be greater"),
    ("variants.bcl-d.set", {}, "variants.bcl-d.set: dictionary should have at least 1 item"),
    ("methods.colt.pretrain.resample.clusters", 0, "methods.colt.pretrain.resample.clusters: input should be greater"),
    ("datasets.own.longtail.law", "exponential", "datasets.own.longtail.largest: missing"),
    ("datasets.folders.longtail", {"law": "given"}, "datasets.folders.longtail.law: 'given' does not go with source"),
    ("datasets.own.longtail", {"law": "published", "folder": "x", "prefix": ""},
     "datasets.own.longtail.law: 'published' does not go with source kind 'own'; `given` goes with lists and own"),
    ("datasets.imagenet100_lt.source.short", 100, "datasets.imagenet100_lt.source.short: 100 is less than size"),
    ("datasets.places_lt.source.where", "disk", "datasets.places_lt.source.where: input should be 'memory', 'cache'"),
    ("datasets.own.source.seeds", "x", "datasets.own.source.seeds: unknown key; did you mean 'seed'?"),
    ("methods.colt.pretrain.domain.form", "x", "methods.colt.pretrain.domain.form: input should be 'code' or 'poster'"),
])
def test_a_mistake_is_one_line_that_names_it(path, value, line):
    with pytest.raises(BallastError) as error:
        check(changed(path, value))
    assert str(error.value).startswith(line) and "\n" not in str(error.value)


def test_images_that_are_cut_from_files_want_crops_by_share():
    raw = changed("dataset", "imagenet100_lt")
    with pytest.raises(BallastError, match=r"profiles.laptop.linear.crop: 2 pixels of padding go with images"):
        check(raw)
    check({**raw, "profile": "imagenet100_lt"})
