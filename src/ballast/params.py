"""What params.yaml may hold, and one line for whatever it may not. Checked whole before any work starts."""

import difflib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ballast.errors import BallastError, require

Count = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]


class Block(BaseModel):
    """A block of parameters: every key is known, present and of its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GlyphsSource(Block):
    kind: Literal["glyphs"]
    size: Annotated[int, Field(ge=8)]
    train_per_class: Count
    test_per_class: Count
    pool_near: Annotated[int, Field(ge=0)]
    pool_far: Annotated[int, Field(ge=0)]

    @property
    def pool_size(self) -> int:
        return self.pool_near + self.pool_far


class DigitsSource(Block):
    kind: Literal["digits"]

    @property
    def pool_size(self) -> int:
        return 714  # scikit-learn's digits 6 to 9


class LongTail(Block):
    law: Literal["exponential", "step", "pareto"]
    largest: Count
    ratio: Annotated[float, Field(ge=1)]
    few_shot: PositiveShare
    val_per_class: Count


class Augment(Block):
    crop: Annotated[list[PositiveShare], Field(min_length=2, max_length=2)]
    flip: Share
    jitter: Annotated[list[NonNegative], Field(min_length=4, max_length=4)]
    jitter_p: Share
    grey: Share
    blur: Share
    blur_sigma: Annotated[list[NonNegative], Field(min_length=2, max_length=2)]


class Dataset(Block):
    source: Annotated[GlyphsSource | DigitsSource, Field(discriminator="kind")]
    longtail: LongTail
    groups: Literal["thirds", "sdclr", "counts"]
    augment: Augment


class Network(Block):
    stem: Literal["cifar", "imagenet"]
    block: Literal["basic", "bottleneck"]
    # Below 16 channels, oneDNN's backward of a strided 1x1 convolution in channels_last crashes (torch 2.12.1, three
    # threads); the one run ever seen to give other bits, with two threads, had such a layer.
    width: Annotated[int, Field(ge=16)]
    depths: Annotated[list[Count], Field(min_length=1)]
    projection: Count


class Optimisation(Block):
    epochs: Count
    batch: Annotated[int, Field(ge=2)]
    lr: Positive
    momentum: Annotated[float, Field(ge=0, lt=1)]
    weight_decay: NonNegative
    warmup: Annotated[int, Field(ge=0)]
    temperature: Positive


class Rounds(Block):
    budget: Count
    warmup: Count
    every: Count


class Embedding(Block):
    views: Annotated[int, Field(ge=2)]


class Scoring(Block):
    repeats: Count
    block: Annotated[int, Field(ge=2)]
    temperature: Positive
    centres: Count


class Probing(Block):
    epochs: Count
    batch: Count
    lr: Positive
    steps: list[Count]
    copies: Count
    padding: Annotated[int, Field(ge=0)]
    flip: Share


class Profile(Block):
    network: Network
    pretrain: Optimisation
    sampling: Rounds
    embed: Embedding
    score: Scoring
    student: Optimisation
    linear: Probing


class SelectRandom(Block):
    rule: Literal["random"]


class SelectMak(Block):
    rule: Literal["mak"]
    alpha: Share
    ratio: Annotated[float, Field(ge=1)]


class Resample(Block):
    tailness: Literal["density", "sparsity"]
    neighbours: Count
    momentum: Annotated[float, Field(ge=0, lt=1)]
    clusters: Count
    refine: bool
    temperature: Positive
    remainder: Literal["largest", "last"]


class DomainLoss(Block):
    weight: NonNegative
    form: Literal["code", "poster"]


class SemanticLoss(Block):
    weight: Share
    threshold: Annotated[float, Field(ge=-1, le=1)]


class Pretrain(Block):
    framework: Literal["simclr"]
    resample: Resample | None = None
    domain: DomainLoss | None = None
    semantic: SemanticLoss | None = None


class Guidance(Block):
    neighbours: Count
    clusters: Annotated[int, Field(ge=2)]
    far: Count
    weighted: bool
    distill: NonNegative
    distill_temperature: Positive


class Method(Block):
    select: Annotated[SelectRandom | SelectMak, Field(discriminator="rule")] | None = None
    pretrain: Pretrain
    student: Guidance | None = None


class Params(Block):
    seed: Annotated[int, Field(ge=0)]
    split: Annotated[int, Field(ge=0)]
    threads: Count
    dataset: str
    profile: str
    show: Annotated[list[str], Field(min_length=1)]
    datasets: dict[str, Dataset]
    profiles: dict[str, Profile]
    methods: dict[str, Method]


def check(raw: dict) -> Params:
    """The parameters, or a BallastError that names the first wrong one and says what would be right."""
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        raise BallastError(_explain(error.errors(), raw)) from error
    for key, known in (("dataset", params.datasets), ("profile", params.profiles)):
        require(getattr(params, key) in known, f"{key}: unknown {getattr(params, key)!r}; known: {', '.join(known)}")
    budget, pool = params.profiles[params.profile].sampling.budget, params.datasets[params.dataset].source.pool_size
    require(budget <= pool,
            f"profiles.{params.profile}.sampling.budget: {budget} is more than the {pool} images of the pool")
    for name, profile in params.profiles.items():
        for stage in ("pretrain", "student"):
            how = getattr(profile, stage)
            require(how.warmup <= how.epochs,
                    f"profiles.{name}.{stage}.warmup: {how.warmup} epochs do not fit into {how.epochs} epochs")
        require(profile.sampling.warmup < profile.pretrain.epochs,
                f"profiles.{name}.sampling.warmup: {profile.sampling.warmup} leaves none of the "
                f"{profile.pretrain.epochs} epochs of pretrain for the pool")
    for name, dataset in params.datasets.items():
        low, high = dataset.augment.crop
        require(low <= high, f"datasets.{name}.augment.crop: wants [smallest, largest], has [{low}, {high}]")
    return params


def _explain(errors: list[dict], raw: dict) -> str:
    """``path: what is wrong`` of the most telling error; a misspelt key explains the missing one that it causes."""
    error = min(errors, key=lambda e: e["type"] != "extra_forbidden")
    path = _path(error["loc"], raw)
    if error["type"] == "extra_forbidden":
        known = {name for block in Block.__subclasses__() for name in block.model_fields}
        near = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
        return f"{path}: unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
    if error["type"] == "missing":
        return f"{path}: missing"
    return f"{path}: {error['msg'][0].lower()}{error['msg'][1:]}, found {error['input']!r}"


def _path(location: tuple, raw: dict) -> str:
    """Dotted path of an error, without the union tags that pydantic puts between a block and its key."""
    path, here = [], raw
    for part in location:
        if isinstance(here, dict) and part not in here and part != location[-1]:
            continue
        path.append(str(part))
        here = here[part] if isinstance(here, list) or part in here else None
    return ".".join(path)
