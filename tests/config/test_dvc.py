"""`dvc exp run -S` changes one line of a file, and a stage reads the value that was meant."""

import re
import shutil
from difflib import ndiff
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from ballast.checks.check import check
from ballast.config.recipe import merged_recipe
from ballast.config.rows import overrides, with_variant
from ballast.config.yaml import read_yaml
from tests import ROOT
from tests.config.configuration import PARAMS, ROWS, VARIANTS, dataset, profile


def applied(tmp_path: Path, name: str, changes: list[str]) -> tuple[dict, list[str], int]:
    """Return the values after DVC's change, the lines that are new, and the number of those that are gone.

    DVC keeps the column of a comment, so the blanks before it are not compared.
    """
    path = tmp_path / Path(name).name
    shutil.copy(ROOT / name, path)
    apply_overrides(path, changes)
    before, after = (re.sub(r" +#", " #", file.read_text()).splitlines() for file in (ROOT / name, path))
    words = [line for line in ndiff(before, after) if line[0] in "+-"]
    return read_yaml(path), [line[2:] for line in words if line[0] == "+"], len([x for x in words if x[0] == "-"])


@pytest.mark.parametrize(("change", "line"), [
    ("seed=2", "seed: 2 # of the first repeat, counted on: weights, order, augmentation and random selection"),
    ("profile=smoke", "profile: smoke # a file of configs/profiles"),
    ("selections.mak.alpha=0.5", "    alpha: 0.5 # weight of tailness against proximity"),
    ("methods.simclr.pretrain.framework=sdclr",
     "      framework: sdclr"),
    ("students.guided.distill=4.0", "    distill: 4.0 # weight of the distillation loss"),
])
def test_one_change_of_params_yaml_is_one_line(tmp_path, change, line):
    _, new, gone = applied(tmp_path, "params.yaml", [change])
    assert new == [line] and gone == 1


@pytest.mark.parametrize("row", ROWS)
def test_a_value_that_is_added_to_a_row_is_one_line(tmp_path, row):
    values, new, gone = applied(tmp_path, "params.yaml", [f"++methods.{row}.pretrain.weight_decay=1e-5"])
    assert values["methods"][row]["pretrain"]["weight_decay"] == 1e-5
    assert (new, gone) == (["      weight_decay: 1e-05"], 0)


@pytest.mark.parametrize("path", sorted((ROOT / "configs/profiles").glob("*.yaml")), ids=lambda path: path.stem)
def test_one_change_of_a_profile_is_one_line(tmp_path, path):
    values, new, gone = applied(tmp_path, f"configs/profiles/{path.name}", ["pretrain.weight_decay=1e-5"])
    assert len(new) == gone == 1 and values["pretrain"]["weight_decay"] == 1e-5


@pytest.mark.parametrize("path", sorted((ROOT / "configs/datasets").glob("*.yaml")), ids=lambda path: path.stem)
def test_one_change_of_a_data_set_is_one_line(tmp_path, path):
    _, new, gone = applied(tmp_path, f"configs/datasets/{path.name}", ["leakage.cosine=0.9"])
    assert len(new) == gone == 1


@pytest.mark.parametrize("key", ["evaluation", "root", "pool_root"])
def test_an_empty_value_of_own_images_is_filled_in_its_line(tmp_path, key):
    values, new, gone = applied(tmp_path, "configs/datasets/own.yaml", [f"source.{key}=/data/photos"])
    assert values["source"][key] == "/data/photos"
    assert len(new) == gone == 1 and new[0].startswith(f"  {key}: /data/photos")


def test_a_list_may_be_changed(tmp_path):
    values, new, gone = applied(tmp_path, "configs/profiles/laptop.yaml", ["augment.crop=[0.25,0.9]"])
    assert values["augment"]["crop"] == [0.25, 0.9] and new == ["  - 0.25", "  - 0.9"] and gone <= 2
    values, new, _ = applied(tmp_path, "params.yaml", ["show=[simclr,colt]"])
    assert values["show"] == ["simclr", "colt"] and new == []


def test_a_rate_in_scientific_notation_is_a_number_to_the_stage(tmp_path):
    changed, _, _ = applied(tmp_path, "params.yaml", ["++methods.colt.pretrain.weight_decay=1e-5"])
    check(changed, profile("laptop"), dataset("glyphs"))
    assert merged_recipe(changed, profile("laptop"), "colt")["optimization"]["weight_decay"] == 1e-5


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_overrides_of_a_variant_give_its_values(tmp_path, variant):
    changed, _, _ = applied(tmp_path, "params.yaml", overrides(PARAMS["variants"][variant]))
    expected = with_variant(PARAMS, variant)
    del expected["variants"]  # which are in a file of their own
    assert changed == expected
