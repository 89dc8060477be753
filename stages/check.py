"""Check the whole of params.yaml, and that every method of dvc.yaml has a row in it, before any work."""

from pathlib import Path

import yaml
from common import run

from ballast.errors import BallastError, require
from ballast.files import write_atomic
from ballast.params import check


def main() -> None:
    try:
        raw, graph = (yaml.safe_load(Path(name).read_text()) for name in ("params.yaml", "dvc.yaml"))
    except (OSError, yaml.YAMLError) as error:
        raise BallastError(" ".join(str(error).split())) from error
    require(isinstance(raw, dict), "params.yaml: wants a mapping of parameters")
    params = check(raw)
    edges = {name: edge for block in graph["vars"] for name, edge in block.items()}
    for name in edges["trained"]:
        require(name in params.methods, f"methods.{name}: missing, dvc.yaml trains it")
    for name in params.show:
        require(name in edges["probed"], f"show: unknown method {name!r}; known: {', '.join(edges['probed'])}")
    write_atomic("data/checked", "params.yaml is sound\n")


if __name__ == "__main__":
    run(main)
