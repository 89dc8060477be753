"""Check embeddings from elsewhere against the images, and write those of the images in use."""

import pandas as pd

from ballast.config.files import read_params
from ballast.embeddings.given import NAMES, fitted, read_matrix
from ballast.images.folder import read_files
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path, save_array
from ballast.runtime.tables import read_table
from stages.common.supervise import run

POOL = "data/pool/manifest.parquet"


def main(name: str) -> None:
    images, pool = (read_params()["embeddings"][name][part] for part in ("images", "pool"))
    number = read_table(POOL, "pool")["pool"]
    trained = pd.Series(True, index=range(len(read_files("data/images/train")))).to_numpy()
    matrices = (fitted(images, read_matrix(resolve_path(images)), trained, "data/images/train/files.csv"),
                fitted(pool, read_matrix(resolve_path(pool)), number.notna().to_numpy(), POOL))
    widths = [matrix.shape[1] for matrix in matrices]
    if widths[0] != widths[1]:
        raise BallastError(f"{pool}: expected rows of {widths[0]} numbers, as {images} has, got {widths[1]}")
    for file, matrix in zip(NAMES, matrices):
        save_array(f"runs/{name}/{file}", matrix)


if __name__ == "__main__":
    run(main, "NAME")
