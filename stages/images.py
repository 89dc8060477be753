"""Render or read the training and the test images; labels, and lists that came with them, are written apart."""

import pandas as pd

from ballast.images.folder import save_empty
from ballast.runtime.files import save_array, write_atomic
from ballast.sources.load import load_labelled
from ballast.sources.reading import read_all
from stages.common.parameters import parameters
from stages.common.supervise import run


def main() -> None:
    source = parameters("dataset", dataset=("source",)).dataset.source
    images = load_labelled(source)
    read_all("data/images/train", images.train, source)
    if images.probe is None:
        save_empty("data/images/probe", like="data/images/train")
    else:  # apart from those that encoders train on: labels that come later retrain nothing
        read_all("data/images/probe", images.probe, source)
    read_all("data/images/test", images.test, source)
    save_array("data/labels/train.npy", images.train_labels)
    save_array("data/labels/test.npy", images.test_labels)
    write_atomic("data/labels/classes.txt", "".join(f"{name}\n" for name in images.classes))
    lists = [pd.DataFrame({"list": name, "image": rows}) for name, rows in (images.lists or {}).items()]
    table = pd.concat([pd.DataFrame(columns=["list", "image"]), *lists])
    write_atomic("data/labels/lists.csv", table.to_csv(index=False))


if __name__ == "__main__":
    run(main)
