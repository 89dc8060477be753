"""Measure how many planted copies of test images are found as leaks, and how many of the pool are accused (minutes).

    python -m scripts.leaks OUT.csv

At most 1,000 test images are planted once in each of these ways, crops at random places, and looked for by the encoder
of `embed.encoder` of every repeat: by the test images in all views, as the stage `suitability` does it, by the images
alone, and by the thumbnails of the stage `pool`. The last line is the pool itself, whose images are honest ones as far
as is known.
"""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import normalize

from ballast.augment.draws import Draws
from ballast.config.files import read_chosen, read_params
from ballast.encoders.embed import embed
from ballast.encoders.model import load_model
from ballast.images.store import Store, load_store
from ballast.report.tables import as_text
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.runtime.philox import Stream
from ballast.sources.duplicates import nearest_reference, thumbnails
from ballast.suitability.leaks import Drawing, leaks, view, views
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.suitability import embeddings

PLANTED = 1000
NOTHING = "nothing: the pool as it is"
WAYS = {"as it is": (1.0, False, 1.0), "a fifth darker": (1.0, False, 0.8), "flipped": (1.0, True, 1.0),
        **{f"{part:.0%} of each side": (part, False, 1.0) for part in (0.9, 0.8, 0.7)},
        "flipped, 80% of each side": (0.8, True, 1.0)}  # part of each side, mirrored, brightness


def main(out: str) -> None:
    """Write a line for each repeat and way; print the means."""
    params = read_params()
    cosine = read_chosen(params, "dataset")["leakage"]["cosine"]
    network = parameters("seed", profile=("network",)).profile.network
    images = load_store("data/images/test")
    lines = []
    for repeat in repeats_of(SimpleNamespace(**params)):
        model = load_model(network, images.channels, repeat.start(params["embed"]["encoder"]))
        lines += of_repeat(model, repeat, images, cosine)
    table = pd.DataFrame(lines)
    write_atomic(out, table.round(4).to_csv(index=False))
    print(as_text(fractions(table)))


def of_repeat(model, repeat: Repeat, images: Store, cosine: float) -> list[dict[str, object]]:
    """Return the fractions of one repeat that are found."""
    in_domain, pool = embeddings(repeat)
    shown = [normalize(embed(model, images, draw)[0]) for draw in views(images)]
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(repeat.seed))[:PLANTED]
    small, lines = thumbnails_of(images, None, torch.arange(len(images))), []
    for way, how in WAYS.items():
        draw = planting(images, repeat.seed, *how)
        planted = normalize(embed(model, images, draw)[0])[chosen]
        copies = nearest_reference(thumbnails_of(images, draw, chosen), np.arange(len(chosen)), small,
                                   np.arange(len(images)) + len(images))[1]
        lines.append({"repeat": repeat.number, "planted": way, **by_features(planted, in_domain, shown),
                      "thumbnails": float((copies >= cosine).mean())})
    return [*lines, {"repeat": repeat.number, "planted": NOTHING, **by_features(pool, in_domain, shown)}]


def by_features(pool: Tensor, in_domain: Tensor, shown: list[Tensor]) -> dict[str, float]:
    """Return the fractions of images that are found by all views of the test images, and by the first one alone."""
    return {name: len(leaks(pool, in_domain, some)) / len(pool) for name, some in
            (("all views", shown), ("the images alone", shown[:1]))}


def planting(images: Store, seed: int, part: float, flip: bool, brightness: float) -> Drawing:
    """Return what makes a planted image: a square at a random place, mirrored or not, darker or not."""
    middle = view(images, part, flip)
    stream = Stream(seed, "planted")

    def draw(rows: Tensor) -> Draws:
        made = middle(rows)
        sides = torch.stack([torch.as_tensor(side).float().expand(len(rows)) for side in images.sides(rows)], -1)
        corner = (stream.uniform(rows, range(1), 2)[:, 0] * (sides - made.box[:, 2:] + 1)).floor()
        jitter = torch.tensor([brightness, 1.0, 1.0, 0.0]).expand(len(rows), 4)
        return made._replace(box=torch.cat([corner, made.box[:, 2:]], -1), jitter=jitter,
                             blend_order=torch.arange(3).expand(len(rows), 3),
                             hue_position=torch.zeros(len(rows), dtype=torch.int64))

    return draw


def thumbnails_of(images: Store, draw: Drawing | None, rows: Tensor) -> np.ndarray:
    """Return the thumbnails of images after an augmentation."""
    views = next(iter(images.stream([(rows, draw and draw(rows))])))
    return thumbnails((views * 255).round().to(torch.uint8).numpy())


def fractions(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean ± standard error over the repeats."""
    groups = table.groupby("planted", sort=False)[["all views", "the images alone", "thumbnails"]]
    mean, error = 100 * groups.mean(), 100 * groups.sem()
    shown = {f"found by {name}": [f"{m:.1f} ± {e:.1f} %" if m == m else "" for m, e in zip(mean[name], error[name])]
             for name in mean}
    return pd.DataFrame({"planted": mean.index, **shown})


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (BallastError, TypeError) as error:
        sys.exit(f"leaks: {error}")
