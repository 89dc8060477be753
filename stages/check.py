"""Check the whole of params.yaml, and that every method of dvc.yaml has a row in it, before any work."""

from ballast.config.yaml import read_yaml

from ballast.config.check import check
from ballast.runtime.errors import require
from ballast.runtime.files import write_atomic
from stages.common.supervise import run


def main() -> None:
    raw, graph = read_yaml("params.yaml"), read_yaml("dvc.yaml")
    require(isinstance(raw, dict), "params.yaml: wants a mapping of parameters")
    params = check(raw)
    edges = {name: edge for block in graph["vars"] for name, edge in block.items()}
    for name in edges["trained"]:
        require(name in params.methods, f"methods.{name}: missing, dvc.yaml trains it")
    rows = {"show": params.show, **{f"variants.{name}.row": [v.row] for name, v in params.variants.items() if v.row}}
    for path, names in rows.items():
        for name in names:
            require(name in edges["probed"], f"{path}: unknown method {name!r}; known: {', '.join(edges['probed'])}")
    write_atomic("data/checked", "params.yaml is sound\n")


if __name__ == "__main__":
    run(main)
