"""Pool embedding beside the forward pass alone, a resampling event, and the probe on cached features.

    python -m benchmarks.evaluation [quick]
"""

import sys
import time

import torch
from torch.nn.functional import cross_entropy

from ballast.augment.draws import labelled
from ballast.encoders.embed import batch_size, embed
from ballast.encoders.model import build
from ballast.evaluation.probe import Probe, augmented_features, train_probe
from ballast.images.store import Resident
from ballast.runtime.device import prepare
from ballast.runtime.rng import generator
from ballast.training.resampling import Resampling, sample
from benchmarks.timing import seconds, show

NETWORK = {"stem": "cifar", "block": "basic", "width": 64, "depths": [2, 2, 2, 2], "projection": 128,
           "precision": "bf16"}
HOW = Probe(epochs=30, batch=128, lr=1.0, steps=[10, 20], copies=2, crop=4, flip=0.5, every=1, top=1)


def main(quick: bool) -> None:
    device = prepare(torch.get_num_threads())
    network = {**NETWORK, **({"width": 16, "depths": [1, 1]} if quick else {})}
    model = build(network, 3, 1).to(device).eval()
    count = 256 if quick else 300_000 if device.type == "cuda" else 4_096
    pool = Resident(torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)).to(device)
    views = torch.rand(min(batch_size(device), count), 3, 32, 32, device=device)
    views = views.contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def forward() -> None:
        for _ in range(count // len(views)):
            model(views)

    found = seconds({"embed": lambda: embed(model, pool), "forward alone": forward}, repeats=3)
    rates = {f"{name}, images/s": round(count / took) for name, took in found.items()}
    ratio = round(found["forward alone"] / found["embed"], 3)
    show("Pool embedding", [{"images": count, **rates, "ratio": ratio}])
    seeds, budget = pool.take(torch.arange(count // 4)), count // 8
    how = Resampling(budget, 1, 1, "density", 10, 0.97, 10, False, 1.0, "largest")
    start = time.perf_counter()
    sample(model, seeds, pool, torch.rand(len(seeds), device=device), how, generator(0, "bench"))
    event = time.perf_counter() - start
    show("Resampling event", [{"seeds": len(seeds), "pool": count, "budget": budget, "s": round(event, 2),
                               "embedding's share": round(found["embed"] * 1.25 / event, 2)}])
    few = pool.take(torch.arange(64 if quick else 512))
    labels = torch.arange(len(few), device=device) % 10
    start = time.perf_counter()
    features = augmented_features(model, few, HOW, 0)
    train_probe(features, labels, features[0], labels, 10, HOW, 0)
    cached = time.perf_counter() - start
    start = time.perf_counter()
    forwarded(model, few, labels)
    again = (time.perf_counter() - start) * HOW.epochs
    show("Probe", [{"images": len(few), "epochs": HOW.epochs, "copies": HOW.copies, "cached, s": round(cached, 2),
                    "re-forwarding, s": round(again, 1), "ratio": round(again / cached, 1)}])


def forwarded(model: torch.nn.Module, images: Resident, labels: torch.Tensor) -> None:
    """One epoch as the released code runs it: every batch through the frozen encoder, then the classifier."""
    classifier = torch.nn.Linear(model.encoder.features, 10).to(images.device)
    optimizer = torch.optim.SGD(classifier.parameters(), lr=1.0, momentum=0.9)
    draws = labelled(len(images), 32, 32, HOW.crop, HOW.flip, generator(0, "bench"))
    for index in torch.randperm(len(images)).split(HOW.batch):
        with torch.no_grad():
            features = model.features(images.views(index, draws.rows(index)))
        loss = cross_entropy(classifier(features), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main("quick" in sys.argv)
