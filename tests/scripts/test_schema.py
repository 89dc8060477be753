"""Schemas for editors: as the code has them now, and of one opinion with the stage `check`."""

import json
from copy import deepcopy

import pytest
from jsonschema import Draft202012Validator

from ballast.config.yaml import read_yaml
from scripts.schema import FOLDER, schemas
from tests import ROOT

SCHEMAS = schemas()
FILES = [("params", "params.yaml"), ("variants", "configs/variants.yaml"),
         *((kind, str(path.relative_to(ROOT))) for kind, folder in (("profile", "profiles"), ("dataset", "datasets"))
           for path in sorted((ROOT / "configs" / folder).glob("*.yaml")))]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_files_are_those_that_the_code_gives(name):
    assert json.loads((ROOT / FOLDER / f"{name}.json").read_text()) == SCHEMAS[name], "run `make docs`"
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize(("kind", "file"), FILES)
def test_every_file_fits_and_names_its_schema(kind, file):
    first = (ROOT / file).read_text(encoding="utf-8").partition("\n")[0]
    schema = (ROOT / file).parent / first.removeprefix("# yaml-language-server: $schema=")
    assert schema.resolve() == ROOT / FOLDER / f"{kind}.json"
    errors = [f"{list(error.absolute_path)}: {error.message}" for error in
              Draft202012Validator(SCHEMAS[kind]).iter_errors(read_yaml(ROOT / file))]
    assert not errors


@pytest.mark.parametrize(("path", "value"), [
    (["repeats"], 0), (["sed"], 1), (["threads"], "two"), (["selections", "mak", "alhpa"], 0.5),
    (["selections", "mak", "alpha"], 2), (["methods", "colt", "pretrain", "framework"], "simlcr"),
    (["methods", "colt", "pretrain", "colt", "clusters"], 0), (["methods", "simclr", "images"], "all"),
    (["students", "guided", "gide"], "guide")])
def test_a_wrong_value_is_underlined(path, value):
    params = deepcopy(read_yaml(ROOT / "params.yaml"))
    block = params
    for key in path[:-1]:
        block = block[key]
    block[path[-1]] = value
    assert not Draft202012Validator(SCHEMAS["params"]).is_valid(params)


def test_values_have_the_words_of_the_code():
    values = SCHEMAS["profile"]["properties"]["sampling"]["properties"]
    assert all("description" in values[name] for name in ("warmup", "every"))
    assert "fraction" in SCHEMAS["params"]["properties"]["methods"]["additionalProperties"]["properties"]["pretrain"][
        "properties"]["prune"]["description"]
