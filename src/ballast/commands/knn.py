"""``ballast knn``: the images nearest to one, the quickest look at what an encoder has learnt."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import normalize

from ballast.embeddings.neighbours import search
from ballast.embeddings.vectors import unit_vectors
from ballast.encoders.model import load_encoder
from ballast.export.features import features, images_of
from ballast.export.served import Served
from ballast.images.decode import DecodeError, decode_all
from ballast.report.sheets import ACROSS, contact_sheet
from ballast.report.tables import as_text
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.runtime.names import image_path


def knn(encoder: str, query: list[str], among: Path, k: int, out: Path | None) -> None:
    """Print the k images nearest to every query, or draw them; ``among`` is what `ballast embed` wrote."""
    if not 1 <= k < ACROSS:
        raise BallastError(f"--k {k}: expected 1 to {ACROSS - 1}")
    model, size, short = load_encoder(encoder)
    known, paths = unit_vectors([among]).float(), names_of(among)
    if len(paths) != len(known):
        raise BallastError(f"{among}: expected a vector for each of the {len(paths)} paths, got {len(known)}")
    served, names, vectors = Served(model, size, short), [], []
    for one in query:
        for status, found in features(served, images_of(one, None, short)[0]):
            bad = next((f"{name}: {reason}" for name, reason in status.items() if reason != "ok"), None)
            if bad:
                raise BallastError(bad)
            names += status
            vectors.append(torch.from_numpy(found))
    asked = normalize(torch.cat(vectors))
    if asked.shape[1] != known.shape[1]:
        raise BallastError(f"{among}: expected features of this encoder, {asked.shape[1]} an image, got "
                           f"{known.shape[1]}")
    cosine, index = search(asked, known, min(k, len(known)))
    table = pd.DataFrame([{"query": name, "rank": rank, "cosine": near, "path": paths[row]}
                          for name, line, rows in zip(names, cosine.tolist(), index.tolist())
                          for rank, (near, row) in enumerate(zip(line, rows), 1)])
    print(as_text(table, ".3f"))
    if out:
        lines = [_line(name, part, short) for name, part in table.groupby("query", sort=False)]
        write_atomic(out, contact_sheet(lines))
        print(f"pictures to {out}")


def names_of(among: Path) -> list[str]:
    """Return the paths of the images whose features a file has."""
    if among.suffix == ".parquet":
        table = pd.read_parquet(among)
        if "path" not in table:
            raise BallastError(f"{among}: expected a column path, as `ballast embed` writes it, got "
                               f"{', '.join(table.columns)}")
        return table["path"].tolist()
    files = among.with_suffix(".csv")
    if not files.is_file():
        raise BallastError(f"{files}: missing; expected the table that `ballast embed` wrote beside {among}")
    return pd.read_csv(files).dropna(subset="row")["path"].tolist()


def _line(name: str, found: pd.DataFrame, short: int) -> tuple[str, np.ndarray, list[str]]:
    """Return a line of pictures: the query, then what was found; an image that is gone is black."""
    black = np.zeros((3, short, short), np.uint8)
    images = decode_all([image_path(path) for path in (name, *found["path"])], short)
    pixels = [black if isinstance(image, DecodeError) else image.pixels for image in images]
    return "", np.stack(pixels), ["query", *found["cosine"].map("{:.2f}".format)]
