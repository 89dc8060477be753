"""The parameters of the running stage, as dvc.yaml declares them."""

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import yaml

from ballast.runtime.errors import BallastError, require


def parameters(method: str | None = None) -> SimpleNamespace:
    """The parameters that dvc.yaml declares for the running stage, and no others.

    Fields: the top-level values, ``dataset`` and ``profile`` (the chosen blocks) and their names, ``method`` (the given
    row) or ``methods``.
    """
    name = os.environ.get("DVC_STAGE") or "@".join(filter(None, [Path(sys.argv[0]).stem, method]))
    shown = declared(name)
    fields = {key: value for key, value in shown.items() if key not in ("datasets", "profiles")}
    for kind in ("dataset", "profile"):
        if kind in shown:
            fields[kind], fields[f"{kind}_name"] = shown.get(f"{kind}s", {}).get(shown[kind]), shown[kind]
    if method:
        fields["method"] = fields.pop("methods", {}).get(method, {})
    return SimpleNamespace(**fields)


def declared(name: str) -> dict:
    """Values of the ``params`` of a stage in dvc.yaml: dvc.api.params_show, without its second of reading dvc.lock."""
    raw, graph = read_yaml("params.yaml"), read_yaml("dvc.yaml")
    group, _, key = name.partition("@")
    body, context = graph["stages"][group], {**raw, "key": key, "item": key}
    for block in graph["vars"]:
        context |= block
    if "do" in body:
        edges, body = body["foreach"], body["do"]
        edges = context[edges.strip("${}")] if isinstance(edges, str) else {name: name for name in edges}
        require(not key or key in edges, f"dvc.yaml: stage {group} has no {key!r}; it has {', '.join(edges)}")
        context["item"] = edges.get(key)
    values: dict = {}
    for path in body.get("params", []):
        *way, last = re.sub(r"\$\{([\w.]+)\}", lambda match: str(_value(context, match[1])), path).split(".")
        here = values
        for part in way:
            here = here.setdefault(part, {})
        here[last] = _value(raw, ".".join([*way, last]))
    return values


def _value(block: dict, path: str):
    for part in path.split("."):
        require(isinstance(block, dict) and part in block, f"params.yaml: {path}: missing")
        block = block[part]
    return block


def read_yaml(path: str) -> dict:
    """A YAML file, safely; libyaml's reader is ten times as fast where it is built in."""
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise BallastError(f"{path}: {' '.join(str(error).split())}") from error
