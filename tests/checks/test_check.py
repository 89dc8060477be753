"""Bad parameters end in one line that names the file, the parameter, and what would be right."""

import re
from copy import deepcopy

import pytest

from ballast.checks.check import RESERVED, check, check_dataset, check_variant
from ballast.checks.datasets import Dataset
from ballast.config.build import build, validated
from ballast.config.profile import Profile
from ballast.config.recipe import idea_module
from ballast.config.rows import Params, absent_row, with_variant
from ballast.runtime.errors import BallastError
from tests import ROOT
from tests.config.configuration import DATASETS, PARAMS, PROFILES, VARIANTS, dataset, params, profile

LAPTOP = "configs/profiles/laptop.yaml: "


def changed(block, path, value):
    block = deepcopy(block)
    *way, last = path.split(".")
    inner = block
    for part in way:
        inner = inner.setdefault(part, {})
    if value is KeyError:
        del inner[last]
    else:
        inner[last] = value
    return block


def refusal(*blocks):
    with pytest.raises(BallastError) as error:
        check(*blocks)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_sound_with_every_row_and_variant(name):
    images = {"digits": "digits", "small": "cifar10_lt", "study": "cifar10_lt"}
    check(params(name), profile(name), dataset(name if name in DATASETS else images.get(name, "glyphs")))
    assert build(Profile, profile(name)) == validated(Profile, profile(name))


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_is_sound(name):
    assert check_dataset(dataset(name), name) == build(Dataset, dataset(name))


def test_rows_are_built_alike_with_and_without_checks():
    assert build(Params, PARAMS) == validated(Params, PARAMS)


@pytest.mark.parametrize(("path", "value", "line"), [
    ("seed", -1, "seed: expected a value greater than or equal to 0, got -1"),
    ("show", [], "show: expected at least 1 of them, got []"),
    ("show", ["simclear"], "show: expected rows (balanced"),
    ("show", ["simclr", "mak", "simclr"], "show: expected every row once, got 'simclr' twice"),
    ("compare", ["colt"], "compare: expected texts like `colt over random`, got 'colt'"),
    ("compare", ["colt over clot"], "compare: expected pairs of rows (balanced, "),
    ("compare", ["colt over colt"], "compare: expected two different rows, got 'colt' twice"),
    ("repeats", 0, "repeats: expected a value greater than or equal to 1, got 0"),
    ("sede", 1, "sede: unknown key; did you mean 'seed'?"),
    ("selections.mak.alhpa", 0.3, "selections.mak.alhpa: unknown key; did you mean 'alpha'?"),
    ("selections.mak.of", KeyError, "selections.mak.of: missing"),
    ("selections.mak.of", "mak", "selections.mak.of: expected selections that do not choose from themselves, got the "),
    ("selections.mak.of", "colt", "selections.mak.of: expected one of all, random,"),
    ("selections.mak.by", "embed", "selections.mak.by: expected scores, which the rule mak needs, got embed"),
    ("selections.shortlist.share", 0, "selections.shortlist.share: expected a value greater than 0, got 0"),
    ("selections.all", {"rule": "random", "of": "all", "by": "none"}, "selections.all: expected a name"),
    ("selections.mak.alpha", 3, "selections.mak.alpha: expected a value less than or equal to 1, got 3"),
    ("selections.mak.rule", "best", "selections.mak.rule: expected one of 'random', 'kcenter', 'mak', 'hkm"),
    ("selections.mak.rule", KeyError, "selections.mak.rule: missing"),
    ("methods.simclr.pool", "colt", "methods.simclr.pool: expected none, all, seen or a selection (random, kce"),
    ("methods.simclr.pool", "all", "methods.simclr.pool: expected another, since no idea samples from it, got 'all'"),
    ("methods.colt.pool", "none", "methods.colt.pool: expected 'all', from which colt samples, got 'none'"),
    ("methods.colt.images", "all", "methods.colt.images: expected 'longtail', 'balanced' or 'none', got 'all'"),
    ("methods.none", PARAMS["methods"]["simclr"], "methods.none: expected another name; none, all, "),
    ("methods.a/b", PARAMS["methods"]["simclr"], "methods.a/b: expected a name of letters"),
    ("students.colt", PARAMS["students"]["guided"], "students.colt: expected one row, variant or file of that"),
    ("variants.colt", PARAMS["variants"]["mak-both"], "variants.colt: expected one row, variant or file of that name"),
    ("variants.a/b", PARAMS["variants"]["mak-both"], "variants.a/b: expected a name of letters"),
    ("students", KeyError, "students: missing"),
    ("methods.colt.pretrain.framework", "simclear", "methods.colt.pretrain.framework: expected 'simclr' or 'sdclr', g"),
    ("methods.colt.pretrain.framework", KeyError, "methods.colt.pretrain.framework: missing"),
    ("methods.colt.pretrain.epochs", -1, "methods.colt.pretrain.epochs: expected a value greater than or equal to 0"),
    ("methods.frozen.pretrain.warmup", 1, "methods.frozen.pretrain.warmup: expected at most the 0 epochs of frozen"),
    ("methods.pool.pool", "none", "methods.pool.pool: expected all, the images of a row with images: none, got 'none'"),
    ("methods.colt.images", "none", "methods.colt.images: expected a list, for whose images colt samples, got 'none'"),
    ("methods.bcl.pool", "seen", "methods.bcl.pool: expected another, since no idea samples from it"),
    ("methods.mak.weights", "nobody", "methods.mak.weights: expected none, a row, or a name of `weights` ("),
    ("methods.simclr.weights", KeyError, "methods.simclr.weights: missing"),
    ("methods.simclr.weights", "simclr", "simclr: expected weights, guide and embed.encoder that do not wait for "
                                         "simclr itself, got the circle simclr -> simclr"),
    ("methods.simclr.weights", "mak", "simclr: expected weights, guide and embed.encoder that do not wait for simclr "
                                      "itself, got the circle simclr -> mak -> simclr"),
    ("embed.encoder", "nobody", "embed.encoder: expected a row, or a name of `weights` or `embeddings` (balanced"),
    ("weights", {"dino": "nowhere.pth"}, "weights.dino: expected a file, got 'nowhere.pth', which is not there"),
    ("weights", {"colt": "README.md"}, "weights.colt: expected one row, variant or file of that name, got two"),
    ("embeddings", {"clip": {"images": "a.npy"}}, "embeddings.clip.pool: missing"),
    ("methods.colt.pretrain.lr", float("inf"), "methods.colt.pretrain.lr: expected a finite number, got inf"),
    ("methods.colt.pretrain.lr", float("nan"), "methods.colt.pretrain.lr: expected a finite number, got nan"),
    ("methods.colt.pretrain.lr", "1e-5", "methods.colt.pretrain.lr: expected a valid number, got '1e-5'"),
    ("methods.sdclr.pretrain.prune", 1.5, "methods.sdclr.pretrain.prune: expected a value less than 1, got 1.5"),
    ("methods.simclr.pretrain.prune", 0.5, "methods.simclr.pretrain.prune: goes with framework sdclr only, got"),
    ("methods.sdclr.pretrain.layers", 4, "methods.sdclr.pretrain.layers: expected a value less than or equal to 3"),
    ("methods.sdclr.pretrain.layers", True, "methods.sdclr.pretrain.layers: expected a valid integer, got True"),
    ("methods.colt.pretrain.match_updates", True, "methods.colt.pretrain.match_updates: goes with pool: none only"),
    ("methods.bcl.pretrain.bcl.operations", 0, "methods.bcl.pretrain.bcl.operations: expected a value greater than or"),
    ("methods.simclr.pretrain.clot", {}, "methods.simclr.pretrain.clot: unknown key; did you mean 'colt'?; an idea is"),
    ("methods.simclr.pretrain.bcl", None, "methods.simclr.pretrain.bcl: expected a mapping, got None; {} takes the de"),
    ("methods.simclr.pretrain.semantic", {"weight": 0.5},
     "methods.simclr.pretrain.semantic: begins with the first round of an idea that samples from the pool, which simc"),
    ("methods.guide.pretrain.colt.neighbours", 0.1,
     "methods.guide.pretrain.colt.neighbours: expected at least 1 with tailness: sparsity, got 0.1"),
    ("methods.colt.pretrain.colt.clusters", 0, "methods.colt.pretrain.colt.clusters: expected a value greater"),
    ("methods.colt.pretrain.colt.domain.form", "x", "methods.colt.pretrain.colt.domain.form: expected 'code' or 'post"),
    ("methods.colt.pretrain.temperature", {"low": 0.1}, "methods.colt.pretrain.temperature.high: missing"),
    ("methods.colt.pretrain.temperature", {"low": 2.0, "high": 1.0},
     "methods.colt.pretrain.temperature.low: expected at most `high`, 1.0, got 2.0"),
    ("students.guided.framework", "moco", "students.guided.framework: expected 'simclr' or 'sdclr', got 'moco'"),
    ("students.guided.guide", "guied", "students.guided.guide: expected a row of methods, got 'guied'"),
    ("students.guided.guide", [], "students.guided.guide: expected a valid string, got []"),
    ("students.guided.far", 0, "students.guided.far: expected a value greater than or equal to 1, got 0"),
    ("students.guided.fra", 1, "students.guided.fra: unknown key; did you mean 'far'?"),
    ("students.guided.prune", 0.5, "students.guided.prune: goes with framework sdclr only, got framework simclr"),
    ("variants.bcl-d.set", {}, "variants.bcl-d.set: expected at least 1 of them, got {}"),
    ("variants.bcl-d.set", {"seed": 1}, "variants.bcl-d.set.seed: expected embed.encoder or the path of a value in a "
                                        "row or selection, like methods"),
    ("variants.bcl-d.set", {"selections.mak.alpha.x": 1}, "variants.bcl-d.set: selections.mak.alpha.x: expect"),
    ("variants.mak-both.set", {"selections.mak.ratio": 0.5},
     "variants.mak-both.set: selections.mak.ratio: expected a value greater than or equal to 1, got 0.5"),
    ("variants.sdclr-90.set", {"methods.sdclr.pretrain.prune": -1.0},
     "variants.sdclr-90.set: methods.sdclr.pretrain.prune: expected a value greater than or equal to 0, got -1.0"),
    ("variants.guided-far-1.set", {"students.guided.far": 0}, "variants.guided-far-1.set: students.guided.far: expect"),
])
def test_a_mistake_in_params_yaml_is_one_line_that_names_it(path, value, line):
    message = refusal(changed(PARAMS, path, value), profile("laptop"), dataset("glyphs"))
    expected = f"params.yaml: {line}".replace("params.yaml: variants.", "configs/variants.yaml: ")
    assert message.startswith(expected), message


@pytest.mark.parametrize(("path", "value", "line"), [
    ("sampling.budget", -5, "sampling.budget: expected a value greater than or equal to 1, got -5"),
    ("sampling.budget", 9000, "sampling.budget: expected at most the 6000 images of the pool, got 9000"),
    ("sampling.warmup", 100, "sampling.warmup: expected less than the 36 epochs of colt, got 100"),
    ("pretrain.epochs", -1, "pretrain.epochs: expected a value greater than or equal to 0"),
    ("pretrain.layer_decay", 0, "pretrain.layer_decay: expected a value greater than 0"),
    ("pretrain.optimizer", "adam", "pretrain.optimizer: expected 'sgd', 'adamw' or 'lars', got 'adam'"),
    ("network.source", "tim", "network.source: expected one of 'ballast', 'timm', 'torchvision', got 'tim'"),
    ("network", {"source": "timm", "nam": "a", "projection": 8}, "network.nam: unknown key; did you mean 'name'?"),
    ("pretrain.epochs", "60", "pretrain.epochs: expected a valid integer, got '60'"),
    ("pretrain.warmup", 99999, "pretrain.warmup: expected at most the 36 epochs of balanced, got 99999"),
    ("pretrain.temperature", -1.0, "pretrain.temperature: expected a value greater than or equal to 0.001, got -1.0"),
    ("pretrain.temperature", {"low": 0.1}, "pretrain.temperature.high: missing"),
    ("pretrain.temperature", {"low": 2.0, "high": 1.0}, "pretrain.temperature.low: expected at most `high`, 1.0, "),
    ("adapt.sdclr.temperature", {"low": 3, "high": 1.0}, "adapt.sdclr.temperature.low: expected at most `high`, 1.0, "),
    ("pretrain.temperature_period", 1.5, "pretrain.temperature_period: expected a value less than or equal to 1"),
    ("student.warmup", 31, "student.warmup: expected at most the 12 epochs, got 31"),
    ("network.width", 4, "network.width: expected a value greater than or equal to 16, got 4"),
    ("network.depths", [], "network.depths: expected at least 1 of them, got []"),
    ("augment.crop", [0.9, 0.2], "augment.crop: expected [smallest, largest], got [0.9, 0.2]"),
    ("augment.grey", 0.2, "augment.grey: unknown key; did you mean 'gray'?"),
    ("sgd.crop", "two", "sgd.crop: expected a valid integer, got 'two'"),
    ("sgd.crop", [0.9, 0.2], "sgd.crop: expected [smallest, largest], got [0.9, 0.2]"),
    ("sgd_fewshot.every", 1000, "sgd_fewshot.every: expected at most the 40 epochs, got 1000"),
    ("knn", KeyError, "knn: missing"),
    ("adapt.sdcrl", {"prune": 0.5}, "adapt.sdcrl: unknown key; did you mean 'sdclr'?; expected a framework, an idea"),
    ("adapt.sdclr.prune", 2.0, "adapt.sdclr.prune: expected a value less than 1, got 2.0"),
    ("adapt.bcl.prune", 0.5, "adapt.bcl.prune: unknown key"),
    ("adapt.bcl.colt", {}, "adapt.bcl.colt: unknown key"),
    ("adapt.select.epochs", -1, "adapt.select.epochs: expected a value greater than or equal to 0, got -1"),
    ("adapt.colt.colt", {"domain": {"weight": -1.0}}, "adapt.colt.colt.domain.weight: expected a value greater"),
    ("adapt.bcl.epochs", 1, "pretrain.warmup: expected at most the 1 epochs of bcl, got 2"),
])
def test_a_mistake_in_the_profile_is_one_line_that_names_it(path, value, line):
    message = refusal(PARAMS, changed(profile("laptop"), path, value), dataset("glyphs"))
    assert message.startswith(LAPTOP + line), message


@pytest.mark.parametrize(("name", "path", "value", "line"), [
    ("glyphs", "longtail.ratio", 0.5, "longtail.ratio: expected a value greater than or equal to 1, got 0.5"),
    ("glyphs", "source.kind", "jpeg", "source.kind: expected one of 'glyphs', 'digits', "),
    ("glyphs", "source.size", 2, "source.size: expected a value greater than or equal to 8, got 2"),
    ("glyphs", "groups", "halves", "groups: expected 'thirds', 'sdclr' or 'counts', got 'halves'"),
    ("own", "longtail.law", "exponential", "longtail.largest: missing"),
    ("folders", "longtail", {"law": "given"}, "longtail.law: 'given' does not go with source.kind 'folder'"),
    ("own", "longtail", {"law": "published", "folder": "x", "prefix": ""},
     "longtail.law: 'published' does not go with source.kind 'own'; `given` goes with lists and own"),
    ("imagenet100_lt", "source.short", 100, "source.short: expected at least source.size, 224, got 100"),
    ("places_lt", "source.where", "disk", "source.where: expected 'memory', 'cache' or 'files', got 'disk'"),
    ("own", "source.in_domian", "x", "source.in_domian: unknown key; did you mean 'in_domain'?"),
])
def test_a_mistake_in_the_data_set_is_one_line_that_names_it(name, path, value, line):
    message = refusal({**PARAMS, "dataset": name}, profile("laptop"), changed(dataset(name), path, value))
    assert message.startswith(f"configs/datasets/{name}.yaml: {line}"), message


def test_schedules_are_checked_for_the_profile_in_use_alone():
    raw = changed(PARAMS, "methods.colt.pretrain.epochs", 14)
    check(raw, profile("laptop"), dataset("glyphs"))
    message = refusal({**raw, "profile": "cifar10_lt", "dataset": "cifar10_lt"}, profile("cifar10_lt"),
                      dataset("cifar10_lt"))
    assert message == ("configs/profiles/cifar10_lt.yaml: sampling.warmup: expected less than the 14 epochs of colt, "
                       "got 100")
    short = changed(PARAMS, "methods.colt.pretrain.epochs", 1)
    assert refusal(short, profile("laptop"), dataset("glyphs")).startswith(
        f"{LAPTOP}pretrain.warmup: expected at most the 1 epochs of colt, got 2")


def test_sdclr_without_a_pruned_fraction_is_told_where_to_set_it():
    bare = changed(profile("laptop"), "adapt", {})
    assert refusal(PARAMS, bare, dataset("glyphs")) == (
        "params.yaml: methods.sdclr.pretrain.prune: missing: framework sdclr needs the fraction of pruned weights; set "
        "it here or in adapt.sdclr of configs/profiles/laptop.yaml")


def test_images_that_are_cut_from_files_need_crops_by_fraction():
    raw = {**PARAMS, "dataset": "imagenet100_lt"}
    assert refusal(raw, profile("laptop"), dataset("imagenet100_lt")).startswith(
        f"{LAPTOP}sgd.crop: expected [smallest, largest], got 2 pixels of padding")
    check({**raw, "profile": "imagenet100_lt"}, profile("imagenet100_lt"), dataset("imagenet100_lt"))


@pytest.mark.parametrize("path", ["seed", "show", "methods.simclr.pretrain.lr", "selections.mak.rule", "methods.x"])
@pytest.mark.parametrize("value", ["x" * 5000, ["a\nb"] * 999, {"a": {"b": ["c"] * 999}}, {3: 4}, None])
def test_a_message_is_one_short_line_whatever_the_value(path, value):
    assert len(refusal(changed(PARAMS, path, value), profile("laptop"), dataset("glyphs"))) < 500


def test_a_block_that_is_part_of_itself_is_refused():
    block = {"a": 1}
    block["b"] = block
    assert "expected at most 8 blocks" in refusal({**PARAMS, "seed": block}, profile("laptop"), dataset("glyphs"))


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize(("block", "place", "value"), [
    ("methods", "params.yaml: methods.", PARAMS["methods"]["simclr"]),
    ("students", "params.yaml: students.", PARAMS["students"]["guided"]),
    ("variants", "configs/variants.yaml: ", PARAMS["variants"]["mak-both"])])
def test_a_name_that_ballast_uses_itself_is_refused(name, block, place, value):
    message = refusal(changed(PARAMS, f"{block}.{name}", value), profile("laptop"), dataset("glyphs"))
    assert message.startswith(f"{place}{name}: expected another name; none, all, ")


def test_the_names_of_outputs_beside_those_of_rows_are_reserved():
    outputs = re.findall(r"(?:runs|metrics)/([\w-]+)(?:/\$\{item\}\.csv|/\$\{item\}\.json|\.json)",
                         (ROOT / "dvc.yaml").read_text())
    assert {"per_class", "protocol", "history", "diagnostics", "closeness"} <= set(outputs)
    assert set(outputs) <= set(RESERVED)


def test_a_row_has_at_most_one_idea_that_samples(monkeypatch):
    monkeypatch.setattr(idea_module("bcl").Idea, "samples", True)
    message = refusal(changed(PARAMS, "methods.bcl.pool", "all"), profile("laptop"), dataset("glyphs"))
    assert message == ("params.yaml: methods.bcl-colt.pretrain: expected one idea that samples from the pool, got bcl "
                       "and colt; remove all but one")


def test_every_committed_variant_has_its_rows():
    assert [absent_row(PARAMS, name) for name in VARIANTS] == [None] * len(VARIANTS)


@pytest.mark.parametrize("row", ["methods.balanced", "methods.simclr", "methods.sdclr-colt", "methods.colt",
                                 "methods.bcl-colt", "students.guided"])
def test_a_row_may_be_removed_though_variants_name_it(row):
    fewer = changed(PARAMS, row, KeyError)
    name = row.partition(".")[2]
    fewer["show"] = [shown for shown in PARAMS["show"] if shown != name]
    fewer["compare"] = [pair for pair in PARAMS["compare"] if name not in pair.split(" over ")]
    if name == PARAMS["embed"]["encoder"]:
        assert "embed.encoder: expected a row" in refusal(fewer, profile("laptop"), dataset("glyphs"))
        fewer["embed"] = {"encoder": "bcl"}
    check(fewer, profile("laptop"), dataset("glyphs"))
    for variant in VARIANTS:
        if PARAMS["variants"][variant]["of"] == name:
            for refuse in (lambda v=variant: with_variant(fewer, v),
                           lambda v=variant: check_variant(fewer, profile("laptop"), v)):
                with pytest.raises(BallastError, match=rf"^configs/variants\.yaml: {variant}\.of: expected a row of .*"
                                                       rf", got '{name}'$"):
                    refuse()


@pytest.mark.parametrize(("path", "value", "place"), [
    ("variants.bcl-d.of", "blc", "bcl-d.of"), ("variants.bcl-d.row", "blc", "bcl-d.row"),
    ("variants.bcl-d.set", {"methods.blc.pretrain.lr": 0.1}, "bcl-d.set.methods.blc.pretrain.lr"),
    ("variants.bcl-d.set", {"students.bcl.far": 1}, "bcl-d.set.students.bcl.far")])
def test_a_variant_of_an_absent_row_is_refused_only_where_it_is_run(path, value, place):
    odd = changed(PARAMS, path, value)
    check(odd, profile("laptop"), dataset("glyphs"))
    with pytest.raises(BallastError) as error:
        with_variant(odd, "bcl-d")
    assert str(error.value).startswith(f"configs/variants.yaml: {place}: expected a row of params.yaml (")
