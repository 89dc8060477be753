"""Render or read the training and the test images; labels, and lists that came with them, are written apart."""

import pandas as pd

from ballast.runtime.files import save_array, write_atomic
from ballast.sources.labelled import load_labelled
from ballast.sources.reading import read_all
from stages.settings import parameters
from stages.supervise import run


def main() -> None:
    source = parameters().dataset["source"]
    found = load_labelled(source)
    read_all("data/images/train", found.train, source)
    read_all("data/images/test", found.test, source)
    save_array("data/labels/train.npy", found.train_labels)
    save_array("data/labels/test.npy", found.test_labels)
    write_atomic("data/labels/classes.txt", "".join(f"{name}\n" for name in found.classes))
    lists = [pd.DataFrame({"list": name, "image": rows}) for name, rows in (found.lists or {}).items()]
    table = pd.concat([pd.DataFrame(columns=["list", "image"]), *lists])
    write_atomic("data/labels/lists.csv", table.to_csv(index=False))


if __name__ == "__main__":
    run(main)
