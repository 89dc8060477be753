"""The effective values: what a variant sets is what is trained with, under every profile."""

import subprocess
import sys

import pytest

from ballast.config.recipe import (
    Recipe,
    StudentRecipe,
    idea_names,
    load_recipe,
    load_student,
    merged_recipe,
    plain,
    sources,
    student_recipe,
)
from ballast.config.rows import overrides, with_variant
from ballast.runtime.errors import BallastError
from tests.config.configuration import PARAMS, PROFILES, ROWS, STUDENTS, VARIANTS, params, profile


def effective(name, path, changed):
    """Return the value at a path of params.yaml as a training gets it."""
    kind, row, *way = path.split(".")
    if kind == "students":
        recipe = student_recipe(changed, profile(name), row)
        block = {**recipe, **recipe["guidance"]}
    elif way[:1] == ["pretrain"]:
        recipe = merged_recipe(changed, profile(name), row)
        block, way = {**recipe, **recipe["optimization"], **recipe["ideas"]}, way[1:]
    else:
        block = changed[kind][row]
    for part in way:
        block = block[part]
    return block


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_effective_value_is_what_a_variant_sets(name, variant):
    changed = with_variant(params(name), variant)
    for path, value in PARAMS["variants"][variant]["set"].items():
        found = effective(name, path, changed)
        if isinstance(value, dict):
            assert {key: found[key] for key in value} == value
        else:
            assert found == value and type(found) is type(value)


@pytest.mark.parametrize("name", PROFILES)
def test_a_variant_has_the_pruned_fraction_of_the_profile(name):
    prune = profile(name)["adapt"]["sdclr"]["prune"]
    for variant, row in (("bcl-d", "bcl"), ("mak-sdclr", "mak"), ("guided-sdclr", "guide")):
        assert merged_recipe(with_variant(params(name), variant), profile(name), row)["prune"] == prune
    assert student_recipe(with_variant(params(name), "guided-sdclr"), profile(name), "guided")["prune"] == prune
    assert merged_recipe(with_variant(params(name), "sdclr-90"), profile(name), "sdclr")["prune"] == 0.9
    assert "prune" not in merged_recipe(params(name), profile(name), "bcl")


def test_variants_keep_what_a_profile_adapts_for_their_ideas():
    recipe = merged_recipe(with_variant(params("cifar100_lt"), "bcl-d"), profile("cifar100_lt"), "bcl")
    assert (recipe["framework"], recipe["prune"], recipe["optimization"]["weight_decay"]) == ("sdclr", 0.9, 1e-4)
    recipe = merged_recipe(with_variant(params("cifar100_lt"), "mak-bcl"), profile("cifar100_lt"), "mak")
    assert recipe["optimization"]["weight_decay"] == 5e-4
    recipe = merged_recipe(with_variant(params("imagenet100_lt"), "colt-no-domain"), profile("imagenet100_lt"), "colt")
    assert recipe["ideas"]["colt"]["domain"]["weight"] == 0.0
    recipe = merged_recipe(with_variant(params("imagenet100_lt"), "colt-poster"), profile("imagenet100_lt"), "colt")
    assert recipe["ideas"]["colt"]["domain"] == {"weight": 0.01, "form": "poster"}


@pytest.mark.parametrize("name", PROFILES)
def test_recipes_are_plain_and_loaded_whole(name):
    for row in ROWS:
        block = merged_recipe(params(name), profile(name), row)
        recipe = load_recipe(block)
        assert isinstance(recipe, Recipe) and plain(recipe) == block
        samples = PARAMS["methods"][row]["pool"] == "all" and row != "pool"
        assert ("sampling" in block) == (samples or row == "matched")
        own = [key for key in PARAMS["methods"][row]["pretrain"] if key in idea_names()]
        assert list(recipe.ideas) == sorted(own, key=lambda idea: idea != "colt")
    for row in STUDENTS:
        block = student_recipe(params(name), profile(name), row)
        assert isinstance(load_student(block), StudentRecipe) and plain(load_student(block)) == block


def test_matched_updates_know_the_rounds_that_they_match():
    recipe = load_recipe(merged_recipe(params(), profile("laptop"), "matched"))
    assert recipe.match_updates and (recipe.sampling.budget, recipe.sampling.every) == (400, 3)
    assert recipe.optimization.epochs == 36


def test_a_row_counts_more_than_what_a_profile_adapts_and_that_more_than_the_profile():
    block = {**profile("laptop"), "adapt": {"sdclr": {"lr": 0.1, "temperature": {"low": 0.1, "high": 0.5}},
                                            "select": {"lr": 0.2}, "colt": {"lr": 0.3}, "bcl": {"lr": 0.4}}}
    changed = with_variant(params(), "mak-sdclr")
    assert [place.split(": ")[1] for place, _ in sources(changed, block, "mak")] == [
        "pretrain", "adapt.sdclr", "adapt.select", "methods.mak.pretrain"]
    assert merged_recipe(params(), block, "simclr")["optimization"]["lr"] == 0.02
    assert merged_recipe(changed, block, "mak")["optimization"]["lr"] == 0.2
    assert merged_recipe(params(), block, "bcl-colt")["optimization"]["lr"] == 0.4
    changed["methods"]["mak"]["pretrain"].update(lr=0.9, temperature=0.7)
    recipe = merged_recipe(changed, block, "mak")
    assert (recipe["optimization"]["lr"], recipe["optimization"]["temperature"]) == (0.9, 0.7)


def test_an_unknown_idea_in_a_recipe_is_an_error():
    block = merged_recipe(params(), profile("laptop"), "colt")
    with pytest.raises(BallastError, match=r"ideas.clot: unknown key; did you mean 'colt'\?"):
        load_recipe({**block, "ideas": {"clot": {}}})
    with pytest.raises(BallastError, match=r"ballast.ideas.colt.Settings: clusetrs: unknown key; did you mean 'clust"):
        load_recipe({**block, "ideas": {"colt": {"clusetrs": 3}}})


def test_overrides_are_what_dvc_takes():
    values = {"a.b": {"low": 0.1, "high": 1.0}, "c": True, "d": 1e-05, "e": {}, "f": None, "g": [1]}
    assert overrides({"set": values}) == [
        "++a.b={low:0.1,high:1.0}", "++c=true", "++d=1e-05", "++e={}", "++f=null", "++g=[1]"]


def test_the_classes_of_the_configuration_take_no_heavy_import():
    code = ("import sys, ballast.config.profile, ballast.checks.datasets, ballast.config.recipe, ballast.config.files\n"
            "print(*{'torch', 'numpy', 'pydantic', 'pandas'} & set(sys.modules))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": "src"}).stdout.strip() == ""
