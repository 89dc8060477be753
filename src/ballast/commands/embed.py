"""``ballast embed``: features of images by a trained encoder."""

from pathlib import Path

import numpy as np
import pandas as pd

from ballast.encoders.model import load_encoder
from ballast.export.features import BATCH, features, images_of
from ballast.export.served import Served
from ballast.runtime.errors import BallastError
from ballast.runtime.files import save_array, write_atomic, written
from ballast.runtime.progress import track
from ballast.sources.listing import listing

SUFFIXES = (".npy", ".parquet")


def embed(encoder: str, images: str, root: str | None, out: Path, engine: str = "loop") -> None:
    """Write the features of all images that can be read: in one file, or in the folder of a pool."""
    if not out.suffix:
        embed_pool(encoder, images, root, out, engine)
    elif out.suffix in SUFFIXES and engine == "loop":
        embed_file(encoder, images, root, out)
    else:
        raise BallastError(f"--out {out}: expected a name that ends in {' or '.join(SUFFIXES)}, or a folder")


def embed_pool(encoder: str, images: str, root: str | None, out: Path, engine: str) -> None:
    """Write the folder of a pool's features, or what is missing in it (ballast.engine.pool)."""
    from ballast.engine.pool import Pool
    from ballast.engine.ways import WAYS

    load_encoder(encoder)  # what is wrong with it is said before images are listed
    pool = Pool(out, encoder)
    pool.begin(listing(images, root, labelled=False).paths())
    WAYS[engine](pool)
    manifest = pool.end()
    if manifest:
        print(f"{manifest['images']} features in {len(manifest['shards'])} shards to {out}; {manifest['left_out']} "
              f"files could not be read ({out}/done)")


def embed_file(encoder: str, images: str, root: str | None, out: Path) -> None:
    """Write the features float32 [N, d] of all images that can be read, and a table of all files: row, path, status."""
    model, size, short = load_encoder(encoder)
    served, parts, status = Served(model, size, short), [], {}
    source, total = images_of(images, root, short)
    for of_batch, found in track(features(served, source), "embed", -(-total // BATCH), unit="batch"):
        status |= of_batch
        parts.append(found)
    table = pd.DataFrame(status.items(), columns=["path", "status"])
    usable = table["status"] == "ok"
    if not usable.any():
        first = f"; the first is {table['path'][0]}: {table['status'][0]}" if len(table) else ""
        raise BallastError(f"{images}: none of its {len(table)} files is an image{first}")
    table.insert(0, "row", (usable.cumsum() - 1).where(usable).astype("Int64"))
    write_features(out, np.concatenate(parts), table.loc[usable, "path"].tolist())
    write_atomic(out.with_suffix(".csv"), table.to_csv(index=False))
    print(f"{usable.sum()} features to {out}; {(~usable).sum()} files could not be read ({out.with_suffix('.csv')})")


def write_features(out: Path, found: np.ndarray, paths: list[str]) -> None:
    """Write features as .npy, or as a Parquet table with their paths."""
    if out.suffix == ".npy":
        save_array(out, found)
        return
    from pyarrow import FixedSizeListArray, array, table
    from pyarrow.parquet import write_table

    vectors = FixedSizeListArray.from_arrays(array(found.ravel()), found.shape[1])
    with written(out) as file:
        write_table(table({"path": paths, "features": vectors}), file)
