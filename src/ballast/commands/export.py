"""``ballast export``: an encoder for use elsewhere: ONNX, safetensors, and a card."""

import json
import shutil
from pathlib import Path

from safetensors import safe_open

from ballast.encoders.model import load_encoder
from ballast.export.card import UNSAID, card, record
from ballast.export.graph import write_graph
from ballast.export.served import Served
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic


def export(out: Path | None, row: str | None = None, encoder: Path | None = None, repeat: int = 1,
           licence: str = UNSAID, onnx: bool = True) -> None:
    """Write the folder of an encoder; the arguments are those of the command line."""
    if (row is None) == (encoder is None):
        raise BallastError("export: expected either --row or --encoder")
    path = encoder or Path("runs", row, str(repeat), "encoder.safetensors")
    model, size, short = load_encoder(path)
    name, out = row or path.parent.name or path.stem, out or Path("exported", row or path.stem)
    with safe_open(path, "pt") as file:
        facts = {**json.loads(file.metadata()["ballast"]), "features": model.widths[0]}
    if onnx:
        worst = write_graph(Served(model, size, short), out / "encoder.onnx", facts)
        print(f"{out}/encoder.onnx: uint8 [N, 3, {short}, {short}] -> [N, {model.widths[0]}]; features within "
              f"{worst:.0e} of torch's")
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, out / "encoder.safetensors")
    write_atomic(out / "README.md", card(name, facts, record(row, repeat) if row else None, licence, onnx))
    print(f"{out}/encoder.safetensors: {path}\n{out}/README.md: its card")
