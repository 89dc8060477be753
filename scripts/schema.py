"""Write the JSON schemas by which editors complete and check params.yaml and configs (`make docs`).

    python -m scripts.schema

They are made from the dataclasses that the stage `check` validates with, so that an editor and the stage agree on keys,
types and bounds. What goes beyond one value, only the stage knows.
"""

import inspect
import json
import re
from dataclasses import is_dataclass
from pathlib import Path

from ballast.checks.datasets import Dataset
from ballast.config.build import adapter_of, dataclasses_of, hints_of
from ballast.config.profile import Optimization, Profile
from ballast.config.recipe import FrameworkSettings, idea_module, idea_names
from ballast.config.rows import Params, StudentRow, Variant
from ballast.ideas import guidance
from ballast.runtime.files import write_atomic

FOLDER = Path("configs/schema")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def main() -> None:
    """Write all schemas."""
    for name, schema in schemas().items():
        write_atomic(FOLDER / f"{name}.json", json.dumps(schema, indent=1) + "\n")


def schemas() -> dict[str, dict]:
    """Return the schema of every kind of file by its name."""
    params = of_kind(Params)
    methods = params["properties"]["methods"]["additionalProperties"]
    methods["properties"]["pretrain"] = overriding(FrameworkSettings, Optimization, **{
        name: overriding(idea_module(name).Settings) for name in idea_names()})
    params["properties"]["students"]["additionalProperties"] = {
        **overriding(StudentRow, guidance.Settings), "required": ["guide", "framework"]}
    params["properties"].pop("variants")
    return {name: {"$schema": DIALECT, **schema} for name, schema in (
        ("params", params), ("profile", of_kind(Profile)), ("dataset", of_kind(Dataset)),
        ("variants", {"type": "object", "additionalProperties": of_kind(Variant)}))}


def overriding(*kinds: type, **more: dict) -> dict:
    """Return the schema of a block that may hold any of the values of some dataclasses, and others beside them."""
    values = {name: schema for kind in kinds for name, schema in of_kind(kind)["properties"].items()}
    return {"type": "object", "properties": {**values, **more}, "additionalProperties": False}


def of_kind(kind: type) -> dict:
    """Return the schema of a dataclass without references, with what the code says of every value."""
    schema = adapter_of(kind).json_schema()
    said = {cls.__name__: comments(cls) for cls in _within(kind)}
    definitions = schema.pop("$defs", {})
    schema["description"] = inspect.getdoc(kind)
    return _resolved(schema, definitions, said, kind.__name__)


def comments(kind: type) -> dict[str, str]:
    """Return the comments beside the values of a dataclass."""
    classes = [cls for cls in reversed(kind.__mro__) if is_dataclass(cls)]
    lines = (line for cls in classes for line in inspect.getsource(cls).splitlines())
    return {match[1]: match[2] for line in lines if (match := re.match(r"    (\w+): .*?  # (.*)", line))}


def _within(kind: type) -> list[type]:
    blocks = (block for hint in hints_of(kind).values() for block in dataclasses_of(hint))
    return [kind, *(inner for block in blocks for inner in _within(block))]


def _resolved(schema, definitions: dict, said: dict[str, dict[str, str]], name: str = ""):
    """Put definitions in the place of references, and comments beside values."""
    if isinstance(schema, list):
        return [_resolved(inner, definitions, said) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _resolved({**definitions[name], **{key: value for key, value in schema.items() if key != "$ref"}},
                         definitions, said, name)
    out = {key: _resolved(value, definitions, said) for key, value in schema.items()
           if key not in ("title", "discriminator", "properties")}  # no dataclass has a value of these names
    if "properties" in schema:
        out["properties"] = {key: _resolved(value, definitions, said) for key, value in schema["properties"].items()}
        for key in out["properties"].keys() & said.get(name, {}).keys():
            out["properties"][key]["description"] = said[name][key]
    return out


if __name__ == "__main__":
    main()
