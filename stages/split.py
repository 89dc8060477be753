"""Draw the lists of the long-tailed split."""

import numpy as np
from common import run
from settings import parameters

from ballast.data.folders import here
from ballast.data.longtail import LAWS, long_tail_split, published_lists, validation_list
from ballast.data.store import load_array
from ballast.files import save_array
from ballast.rng import numpy_generator


def main() -> None:
    p = parameters()
    how, labels = p.dataset["longtail"], load_array("data/labels/train.npy")
    if how["law"] == "published":
        lists = published_lists(here(how["folder"]), how["prefix"], p.split, labels)
    else:
        val = validation_list(labels, how["val_per_class"])
        probe = np.setdiff1d(np.arange(len(labels)), val)
        counts = LAWS[how["law"]](int(labels.max()) + 1, how["largest"], how["ratio"])
        lists = {**long_tail_split(labels, probe, counts, how["few_shot"], p.split), "probe": probe, "val": val}
    save_array("data/split/counts.npy", lists.pop("counts"))
    for name, index in lists.items():
        # The lists are drawn class by class: shuffled, their order tells nothing of the labels.
        save_array(f"data/split/{name}.npy", numpy_generator(p.split, "order", name).permutation(index))


if __name__ == "__main__":
    run(main)
