"""Check params.yaml, the profile and the data set in use, and that dvc.yaml has every selection, before any work."""

from ballast.config.check import check
from ballast.config.files import read_chosen, read_params
from ballast.config.yaml import read_yaml
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from stages.common.supervise import run


def main() -> None:
    params = read_params()
    typed = check(params, read_chosen(params, "profile"), read_chosen(params, "dataset"))
    selections = {name for block in read_yaml("dvc.yaml")["vars"] for name in block.get("selections", {})}
    for row, method in typed.methods.items():
        if method.select and row not in selections:
            raise BallastError(f"dvc.yaml: selections: expected an entry for {row!r}, which says what the selection "
                               f"needs; got {', '.join(sorted(selections))}")
    for row in sorted(selections):
        if row not in typed.methods or not typed.methods[row].select:
            raise BallastError(f"params.yaml: methods.{row}.select: missing; dvc.yaml selects pool images for it")
    write_atomic("data/checked", "the parameters are sound\n")


if __name__ == "__main__":
    run(main)
