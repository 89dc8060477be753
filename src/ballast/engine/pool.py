"""A pool's features in a folder: shards that are named by their content, written in any order by any engine.

    images.parquet     the address of every image; row group n holds those of shard n
    done/<n>.json      the shard of row group n: its file, its rows, and what is no image
    <digest>.parquet   columns ``path`` and ``features`` (float16, unit length) of a shard's usable images
    manifest.json      written at the end: the shards in order; `ballast select` reads it

A shard is done once done/<n>.json is there, so work that was killed goes on, and loses one shard at most for each
process. Bytes do not depend on who computed a shard.
"""

import hashlib
import io
import json
from pathlib import Path

import numpy as np

from ballast.embeddings.vectors import MANIFEST
from ballast.engine.embedder import Embedder
from ballast.runtime.code import digest
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic, written
from ballast.runtime.tables import read_json

ROWS = 4096  # images of a shard
BATCH = 256  # images that go through the network at once


class Pool:
    """The folder of a pool's features by one encoder."""

    def __init__(self, folder: str | Path, encoder: str | Path) -> None:
        """Name the folder, which need not exist, and the file of the encoder."""
        self.folder, self.encoder = Path(folder).resolve(), str(Path(encoder).resolve())
        self.images, self.done = self.folder / "images.parquet", self.folder / "done"

    def begin(self, paths: list[str]) -> None:
        """Write which images belong to which shard.

        Raises:
            BallastError: the folder has the features of other images or of another encoder.
        """
        from pyarrow import table
        from pyarrow.parquet import write_table

        content = io.BytesIO()
        made_by = {b"encoder": digest(Path(self.encoder)).encode()}
        write_table(table({"path": paths}).replace_schema_metadata(made_by), content, row_group_size=ROWS)
        if self.images.exists() and self.images.read_bytes() != content.getvalue():
            raise BallastError(f"{self.folder}: expected the features of these images by this encoder, got others; "
                               f"name another folder, or delete it")
        if not self.images.exists():
            write_atomic(self.images, content.getbuffer())

    def shards(self) -> range:
        """Return the numbers of all shards."""
        from pyarrow.parquet import read_metadata

        return range(read_metadata(self.images).num_row_groups)

    def is_done(self, number: int) -> bool:
        """Return whether a shard is there and whole."""
        return self.described(number) is not None

    def described(self, number: int) -> dict | None:
        """Return what done/<n>.json says, if the shard is there and whole."""
        path = self.done / f"{number}.json"
        if not path.exists():
            return None
        try:
            found = read_json(path, "file", "rows", "left_out")
        except BallastError:
            return None
        return found if f"{digest(self.folder / found['file'])}.parquet" == found["file"] else None

    def make(self, number: int, embedder: Embedder) -> None:
        """Compute and write a shard."""
        from pyarrow import FixedSizeListArray, array, table
        from pyarrow.parquet import ParquetFile, write_table

        with ParquetFile(self.images) as listed:
            paths = listed.read_row_group(number)["path"].to_numpy(zero_copy_only=False)
        parts = [embedder({"path": paths[start : start + BATCH]}) for start in range(0, len(paths), BATCH)]
        status, features = (np.concatenate([part[name] for part in parts]) for name in ("status", "features"))
        usable = status == "ok"
        vectors = _unit(features[usable]).astype(np.float16)
        held = FixedSizeListArray.from_arrays(array(vectors.ravel()), vectors.shape[1])
        content = io.BytesIO()
        write_table(table({"path": paths[usable].tolist(), "features": held}), content)
        file = f"{hashlib.sha256(content.getbuffer()).hexdigest()}.parquet"
        write_atomic(self.folder / file, content.getbuffer())
        write_atomic(self.done / f"{number}.json", json.dumps({
            "file": file, "rows": int(usable.sum()), "left_out": dict(zip(paths[~usable], status[~usable]))}))

    def end(self) -> dict | None:
        """Write the manifest if all shards are done, and return it."""
        found = [self.described(number) for number in self.shards()]
        if None in found:
            return None
        for left in (*self.folder.glob(".*.parquet*.tmp"), *self.done.glob(".*.tmp")):
            left.unlink(missing_ok=True)  # of processes that were killed
        manifest = {"images": sum(shard["rows"] for shard in found),
                    "left_out": sum(len(shard["left_out"]) for shard in found),
                    "shards": [{"file": shard["file"], "rows": shard["rows"]} for shard in found]}
        with written(self.folder / MANIFEST) as file:
            file.write(json.dumps(manifest, indent=1).encode())
        return manifest


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.linalg.norm(features, axis=1, keepdims=True).clip(1e-12)
