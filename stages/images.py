"""Render or read the labelled images; labels are written apart from them."""

from common import run
from settings import parameters

from ballast.data.sources import load_labelled
from ballast.files import save_array, write_atomic


def main() -> None:
    source = load_labelled(parameters().dataset["source"])
    save_array("data/images/train.npy", source.train)
    save_array("data/images/test.npy", source.test)
    save_array("data/labels/train.npy", source.train_labels)
    save_array("data/labels/test.npy", source.test_labels)
    write_atomic("data/labels/classes.txt", "\n".join(source.classes) + "\n")


if __name__ == "__main__":
    run(main)
