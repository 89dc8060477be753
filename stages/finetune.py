"""Few-shot evaluation by fine-tuning the whole network from the first layer of the projection head."""

import torch
from common import run, write_metrics
from settings import parameters

from ballast.data.store import load_array, load_images
from ballast.device import prepare
from ballast.encoders.model import load_model
from ballast.evaluation.finetune import FineTuning, classify, finetune
from ballast.evaluation.groups import assign, class_accuracy, summarise


def main(method: str, folder: str) -> None:
    p = parameters()
    device = prepare(p.threads)
    images = load_images("data/images/train.npy")
    labels = torch.from_numpy(load_array("data/labels/train.npy")).to(device)
    few, val = (torch.from_numpy(load_array(f"data/split/{name}.npy")) for name in ("few", "val"))
    test, test_labels = load_images("data/images/test.npy"), load_array("data/labels/test.npy")
    counts = load_array("data/split/counts.npy")
    network = finetune(
        load_model(p.profile["network"], images.shape[1], folder).to(device), images[few].to(device), labels[few],
        images[val].to(device), labels[val], len(counts), FineTuning(**p.profile["finetune"]), p.seed)
    accuracy = class_accuracy(classify(network, test.to(device)).cpu().numpy(), test_labels, len(counts))
    write_metrics(f"metrics/finetune/{method}.json", summarise(accuracy, assign(counts, p.dataset["groups"])))


if __name__ == "__main__":
    run(main, "METHOD FOLDER")
