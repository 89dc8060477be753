"""Check params.yaml, the profile and the data set in use, and that dvc.yaml has every selection, before any work."""

from pathlib import Path

from ballast.config.check import check
from ballast.config.yaml import read_yaml
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from stages.common.supervise import run


def main() -> None:
    params = read_yaml("params.yaml")
    typed = check(params, chosen("profile", params), chosen("dataset", params))
    selections = {name for block in read_yaml("dvc.yaml")["vars"] for name in block.get("selections", {})}
    for row, method in typed.methods.items():
        if method.select and row not in selections:
            raise BallastError(f"params.yaml: methods.{row}.select: expected an entry for {row!r} under `selections` in "
                               f"dvc.yaml, which says what the selection needs; got {', '.join(sorted(selections))}")
    for row in sorted(selections):
        if row not in typed.methods or not typed.methods[row].select:
            raise BallastError(f"params.yaml: methods.{row}.select: missing; dvc.yaml selects pool images for it")
    write_atomic("data/checked", "the parameters are sound\n")


def chosen(kind: str, params: dict) -> dict:
    """Return the profile or the data set that params.yaml names."""
    folder, name = Path(f"configs/{kind}s"), params.get(kind)
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise BallastError(f"params.yaml: {kind}: expected a file of {folder} ({', '.join(known)}), got {name!r}")
    return read_yaml(folder / f"{name}.yaml")


if __name__ == "__main__":
    run(main)
