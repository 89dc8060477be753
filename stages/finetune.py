"""Evaluate a row by few-shot fine-tuning of the whole network from the first layer of the projection head."""

import torch

from ballast.encoders.model import load_model
from ballast.evaluation.finetune import classify, finetune
from ballast.evaluation.groups import assign, class_accuracy, summarise
from ballast.images.store import load_store
from ballast.runtime.device import prepare
from ballast.runtime.files import load_array
from stages.common.files import write_metrics
from stages.common.parameters import parameters
from stages.common.supervise import run


def main(row: str) -> None:
    p = parameters("seed", "threads", "deterministic", profile=("network", "finetune"), dataset=("groups",))
    device = prepare(p.threads, p.deterministic)
    images, test = load_store("data/images/train", device), load_store("data/images/test", device)
    labels, test_labels = (torch.from_numpy(load_array(f"data/labels/{part}.npy")).to(device)
                           for part in ("train", "test"))
    few, val = (torch.from_numpy(load_array(f"data/split/{name}.npy")) for name in ("few", "val"))
    counts = load_array("data/split/counts.npy")
    metrics = {}
    if len(test) and len(few):
        network = finetune(
            load_model(p.profile.network, images.channels, f"runs/{row}").to(device), images.take(few), labels[few],
            images.take(val), labels[val], len(counts), p.profile.finetune, p.seed)
        accuracy = class_accuracy(classify(network, test).cpu().numpy(), test_labels.cpu().numpy(), len(counts))
        metrics = summarise(accuracy, assign(counts, p.dataset.groups))
    write_metrics(f"metrics/finetune/{row}.json", metrics)


if __name__ == "__main__":
    run(main, "ROW")
