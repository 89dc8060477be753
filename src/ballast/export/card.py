"""The card of an encoder: what it is, how to call it, what it was trained on, and how well it did, with errors."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from ballast.config.files import read_chosen, read_params
from ballast.config.yaml import read_yaml
from ballast.report.contents import WHAT_IT_DOES
from ballast.report.tables import PROTOCOLS, VERDICTS, as_text, gains_as_text, summary, with_errors
from ballast.runtime.files import load_array
from ballast.runtime.tables import read_table

UNSAID = "other"  # what model hubs call a licence that they do not know


@dataclass(frozen=True)
class Record:
    """What a workspace knows of a row; tables are empty where nothing was measured."""

    dataset: dict  # the values of its file of configs/datasets
    name: str  # of that file
    recipe: dict  # what the row trained with
    measured: dict[str, str]  # how the numbers were made
    repeats: pd.DataFrame  # accuracies of every repeat and protocol
    gains: pd.DataFrame  # of the pairs in which the row is
    pool: int = 0  # different pool images that it trained with, in the exported repeat
    images: int = 0  # in-domain images, likewise
    about: str = ""


def record(row: str, repeat: int, root: Path = Path(".")) -> Record:
    """Read what is known of a row; what is missing stays empty."""
    params = read_params(root)
    recipe = next(iter(sorted(root.glob(f"data/recipes/*/{row}.yaml"))), None)
    values = read_yaml(recipe) if recipe else {}
    values.pop("code", None)
    gains = _table(root / "results/gains.csv")
    trace = _table(root / f"runs/trace/{row}.csv")
    images = root / f"data/split/{repeat}/{params['methods'].get(row, {}).get('images', 'longtail')}.npy"
    return Record(
        read_chosen(params, "dataset", root), params["dataset"], values,
        read_yaml(path) if (path := root / f"runs/protocol/{row}.json").exists() else {},
        _table(root / f"runs/repeats/{row}.csv"),
        gains[(gains["method"] == row) | (gains["over"] == row)] if len(gains) else gains,
        trace.loc[trace["repeat"] == repeat, "pool"].nunique() if len(trace) else 0,
        len(load_array(images)) if images.exists() else 0,
        WHAT_IT_DOES.get(row, ""))


def card(name: str, facts: dict, known: Record | None, licence: str, graph: bool) -> str:
    """Return the card in Markdown, with the head that model hubs read.

    Args:
        name: of the encoder.
        facts: what its file says: network, channels, size, short, mean, std, features.
        known: of its training, where that is known.
        licence: of the weights.
        graph: whether the graph lies beside the card.
    """
    head = yaml.safe_dump({"library_name": "ballast", "license": licence, "pipeline_tag": "image-feature-extraction",
                           "tags": ["self-supervised", "long-tailed"]}, sort_keys=False)
    parts = [f"---\n{head}---", f"# {name}", _what(facts, known), _use(facts, graph)]
    if known is not None:
        parts += [_training(known), _accuracy(known)]
    said = "not said" if licence == UNSAID else licence
    parts.append(f"## Licence\n\nOf the weights: {said}. The images that they were trained on keep theirs.")
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(facts: dict, known: Record | None) -> str:
    network = ", ".join(f"{key} {value}" for key, value in facts["network"].items())
    about = f": {known.about}" if known and known.about else ""
    return (f"An image encoder, trained by Ballast without labels{about}. An image becomes {facts['features']} "
            "numbers; images that look alike have similar ones.\n\n"
            f"- network: {network}\n"
            f"- input: RGB images, short side {facts['short']} pixels, of which the middle {facts['size']} x "
            f"{facts['size']} are seen{', in gray' if facts['channels'] == 1 else ''}; normalized by mean "
            f"{_numbers(facts['mean'])} and deviation {_numbers(facts['std'])}")


def _use(facts: dict, graph: bool) -> str:
    python = ("```python\nfrom ballast import load_encoder\n\n"
              'model, size, short = load_encoder("encoder.safetensors")\n'
              "features = model.features(images)  # in [0, 1], float32 [N, channels, size, size]\n```")
    onnx = ("\n\nWithout Ballast and torch, with its crop, scale and normalization inside:\n\n"
            '```python\nimport onnxruntime\n\nsession = onnxruntime.InferenceSession("encoder.onnx")\n'
            f'features = session.run(None, {{"images": images}})[0]  # uint8 [N, 3, {facts["short"]}, '
            f"{facts['short']}]\n```" if graph else "")
    return f"## Use\n\n{python}{onnx}"


def _training(known: Record) -> str:
    law = known.dataset.get("longtail") or {}
    words = ", ".join(f"{key} {value}" for key, value in law.items())
    pool = f"{known.pool:,} different pool images" if known.pool else "no pool image"
    recipe = yaml.safe_dump(known.recipe, sort_keys=False).strip()
    return (f"## Training\n\nData set `{known.name}`{f' ({words})' if words else ''}: {known.images:,} in-domain "
            f"images, {pool}. No label was used.\n\n```yaml\n{recipe}\n```")


def _accuracy(known: Record) -> str:
    if not len(known.repeats):
        return ""
    lines = []
    for protocol, label in PROTOCOLS.items():
        part = known.repeats[known.repeats["protocol"] == protocol]
        if len(part):
            lines.append(summary(part.assign(method=label)).rename(columns={"method": "evaluation"}))
    how = "\n".join(f"- {key}: {value}" for key, value in known.measured.items())
    text = (f"## Accuracy\n\nIn percent, mean ± standard error over the repeats of the row; this is the encoder of one "
            f"of them. A smaller Std is better.\n\n{as_text(with_errors(pd.concat(lines)))}\n\n{how}")
    found = known.gains
    found = found[(found["protocol"] == "linear") & found["column"].isin(["All", "Few"])] if len(found) else found
    return f"{text}\n\n{as_text(gains_as_text(found))}\n\n{VERDICTS}" if len(found) else text


def _table(path: Path) -> pd.DataFrame:
    is_empty = not path.exists() or not path.read_bytes().strip()  # as of a row without labels or rounds
    return pd.DataFrame() if is_empty else read_table(path)


def _numbers(values: list[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)
