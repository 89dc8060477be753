"""Render or read the unlabelled pool."""

import pandas as pd
from common import run
from settings import parameters

from ballast.data.sources import load_pool
from ballast.files import save_array, write_atomic


def main() -> None:
    images, shows = load_pool(parameters().dataset["source"])
    save_array("data/pool/images.npy", images)
    write_atomic("data/pool/shows.csv", pd.DataFrame({"pool": range(len(shows)), "shows": shows}).to_csv(index=False))


if __name__ == "__main__":
    run(main)
