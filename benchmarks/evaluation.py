"""Pool embedding beside the forward pass alone, a round of COLT, and the probe on cached features.

    python -m benchmarks.evaluation [quick]
"""

import sys
import time
from dataclasses import replace

import torch
from torch.nn.functional import cross_entropy

from ballast.augment.draws import labelled
from ballast.config.profile import Network, Probe, Sampling
from ballast.encoders.embed import batch_size, embed
from ballast.encoders.model import Model, build
from ballast.evaluation.probe import augmented_features, train_probe
from ballast.ideas.colt import Idea, Settings
from ballast.ideas.idea import Epoch, Setup
from ballast.images.resident import Resident
from ballast.runtime.device import prepare
from ballast.runtime.philox import Stream
from ballast.runtime.rng import generator
from benchmarks.timing import seconds, show

NETWORK = Network(stem="cifar", block="basic", width=64, depths=[2, 2, 2, 2], projection=128, precision="bf16")
PROBE = Probe(epochs=30, batch=128, lr=1.0, steps=[10, 20], copies=2, crop=4, flip=0.5, every=1, top=1)


def main(quick: bool) -> None:
    """Print the three tables."""
    device = prepare(torch.get_num_threads())
    network = replace(NETWORK, width=16, depths=[1, 1]) if quick else NETWORK
    model = build(network, 3, 1).to(device).eval()
    count = 256 if quick else 300_000 if device.type == "cuda" else 4_096
    pool = Resident(torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)).to(device)
    took = embedding(model, pool)
    sampling(model, pool, took)
    probe(model, pool.take(torch.arange(64 if quick else 512)))


def embedding(model: Model, pool: Resident) -> float:
    """Compare ``embed`` with the forward passes alone; return the seconds of ``embed``."""
    count = len(pool)
    views = torch.rand(min(batch_size(pool.device), count), 3, 32, 32, device=pool.device)
    views = views.contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def forward() -> None:
        for _ in range(count // len(views)):
            model(views)

    times = seconds({"embed": lambda: embed(model, pool), "forward alone": forward}, repeats=3)
    rates = {f"{name}, images/s": round(count / took) for name, took in times.items()}
    ratio = round(times["forward alone"] / times["embed"], 3)
    show("Pool embedding", [{"images": count, **rates, "ratio": ratio}])
    return times["embed"]


def sampling(model: Model, pool: Resident, took: float) -> None:
    """Measure one round of COLT; ``took`` is the number of seconds in which the pool is embedded."""
    in_domain = pool.take(torch.arange(len(pool) // 4))
    budget = len(pool) // 8
    setup = Setup(len(in_domain), budget, 2, Sampling(budget=budget, warmup=1, every=1), pool.device)
    colt = Idea(Settings(), setup)
    colt.rho.uniform_(0, 1)
    epoch = Epoch(2, lambda purpose: generator(0, purpose), model, in_domain, pool)
    start = time.perf_counter()
    colt.sample(epoch)
    event = time.perf_counter() - start
    show("Round of COLT", [{"in-domain": len(in_domain), "pool": len(pool), "budget": budget, "s": round(event, 2),
                            "embedding's share": round(took * 1.25 / event, 2)}])


def probe(model: Model, images: Resident) -> None:
    """Compare the probe on cached features with one that embeds every batch again."""
    labels = torch.arange(len(images), device=images.device) % 10
    start = time.perf_counter()
    features = augmented_features(model, images, PROBE, 0)
    train_probe(features, labels, features[0], labels, 10, PROBE, 0)
    cached = time.perf_counter() - start
    start = time.perf_counter()
    forwarded(model, images, labels)
    again = (time.perf_counter() - start) * PROBE.epochs
    show("Probe", [{"images": len(images), "epochs": PROBE.epochs, "copies": PROBE.copies,
                    "cached, s": round(cached, 2), "re-forwarding, s": round(again, 1),
                    "ratio": round(again / cached, 1)}])


def forwarded(model: Model, images: Resident, labels: torch.Tensor) -> None:
    """Train one epoch as the released code does: every batch through the frozen encoder, then the classifier."""
    classifier = torch.nn.Linear(model.encoder.feature_dim, 10).to(images.device)
    optimizer = torch.optim.SGD(classifier.parameters(), lr=1.0, momentum=0.9)
    draws = labelled(torch.arange(len(images)), 32, 32, PROBE.crop, PROBE.flip, Stream(0, "bench"))
    for index in torch.randperm(len(images)).split(PROBE.batch):
        with torch.no_grad():
            features = model.features(images.views(index, draws.rows(index)))
        loss = cross_entropy(classifier(features), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main("quick" in sys.argv)
