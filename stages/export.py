"""Write the encoder of a row's first repeat for use elsewhere, with an ONNX graph and a card."""

from ballast.commands.export import export
from stages.common.supervise import run


def main(row: str) -> None:
    export(None, row=row)


if __name__ == "__main__":
    run(main, "ROW")
