"""What params.yaml may hold: the name, type and range of every value. Why a value is refused: ballast.config.check."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Range = Annotated[list[NonNegative], Field(min_length=2, max_length=2)]


class Block(BaseModel):
    """A block of parameters: every key is known and of its type; what has no default is present."""

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


class Files(Block):
    """Files that are decoded; a part is a folder, a list of paths below a root, or a .npy array."""

    pool: str
    pool_root: str | None = None  # where the paths of a list begin
    size: Annotated[int, Field(ge=8)]  # side of what the network sees
    short: Count | None = None  # short side of what is stored, and of which evaluation sees the middle; None: size
    where: Literal["memory", "cache", "files"] = "memory"
    pool_size: ClassVar[None] = None  # known when its files have been read


class FolderSource(Files):
    kind: Literal["folder"]
    train: str
    test: str
    root: str | None = None


class ListsSource(Files):
    kind: Literal["lists"]
    root: str
    longtail: str
    balanced: str | None = None
    few: str | None = None
    probe: str
    val: str
    test: str


class OwnSource(Files):
    kind: Literal["own"]
    seed: str
    evaluation: str | None = None


class CifarSource(Block):
    kind: Literal["cifar10", "cifar100"]
    root: str
    pool: str
    pool_size: ClassVar[None] = None


class Leakage(Block):
    action: Literal["exclude", "report"]
    cosine: Annotated[float, Field(gt=0, le=1)]


class LongTail(Block):
    law: Literal["exponential", "step", "pareto"]
    largest: Count
    ratio: Annotated[float, Field(ge=1)]
    few_shot: PositiveShare
    val_per_class: Count


class PublishedLists(Block):
    law: Literal["published"]
    folder: str
    prefix: str


class GivenLists(Block):
    law: Literal["given"]


class Dataset(Block):
    source: Annotated[GlyphsSource | DigitsSource | CifarSource | FolderSource | ListsSource | OwnSource,
                      Field(discriminator="kind")]
    leakage: Leakage
    longtail: Annotated[LongTail | PublishedLists | GivenLists, Field(discriminator="law")]
    groups: Literal["thirds", "sdclr", "counts"]


class Network(Block):
    stem: Literal["cifar", "imagenet"]
    block: Literal["basic", "bottleneck"]
    # Below 16 channels, oneDNN's backward of a strided 1x1 convolution in channels_last crashes (torch 2.12.1, three
    # threads); the one run ever seen to give other bits, with two threads, had such a layer.
    width: Annotated[int, Field(ge=16)]
    depths: Annotated[list[Count], Field(min_length=1)]
    projection: Count
    precision: Literal["fp32", "bf16"] = "fp32"
    compile: bool = False


class Augment(Block):
    crop: Annotated[list[PositiveShare], Field(min_length=2, max_length=2)]
    flip: Share
    jitter: Annotated[list[NonNegative], Field(min_length=4, max_length=4)]
    jitter_p: Share
    grey: Share
    blur: Share
    blur_sigma: Range


class CosineTemperature(Block):
    low: Positive
    high: Positive
    period: Positive


class Optimisation(Block):
    epochs: Count
    batch: Annotated[int, Field(ge=2)]
    lr: Positive
    momentum: Momentum
    weight_decay: NonNegative
    warmup: Annotated[int, Field(ge=0)]
    temperature: Positive | CosineTemperature


class Resample(Block):
    tailness: Literal["density", "sparsity", "random"]
    neighbours: Positive
    momentum: Momentum
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


class Boost(Block):
    momentum: Momentum
    operations: Count


class Guidance(Block):
    neighbours: Count
    clusters: Annotated[int, Field(ge=2)]
    far: Count
    weighted: bool
    distill: NonNegative
    distill_temperature: Positive


class Pretraining(Optimisation):
    """The profile's optimisation and a method's row together."""

    framework: Literal["simclr", "sdclr"]
    prune: Annotated[float, Field(ge=0, lt=1)] | None = None
    layers: Annotated[int, Field(ge=2, le=3)] = 2
    resample: Resample | None = None
    domain: DomainLoss | None = None
    semantic: SemanticLoss | None = None
    boost: Boost | None = None
    guidance: Guidance | None = None


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


class FineTuning(Block):
    epochs: Count
    batch: Annotated[int, Field(ge=2)]
    lr: Positive
    crop: Annotated[int, Field(ge=0)] | Annotated[list[PositiveShare], Field(min_length=2, max_length=2)]
    flip: Share
    every: Count
    top: Count


class Probing(FineTuning):
    steps: list[Count]
    copies: Count


class Neighbours(Block):
    k: Count
    temperature: Positive


class Profile(Block):
    network: Network
    augment: Augment
    pretrain: Optimisation
    sampling: Rounds
    embed: Embedding
    score: Scoring
    student: Optimisation
    linear: Probing
    fewshot: Probing
    finetune: FineTuning
    knn: Neighbours
    tuned: dict[str, dict]


class SelectRandom(Block):
    rule: Literal["random"]


class SelectKCenter(Block):
    rule: Literal["kcenter"]


class SelectMak(Block):
    rule: Literal["mak"]
    alpha: Share
    ratio: Annotated[float, Field(ge=1)]


class Student(Guidance):
    framework: Literal["simclr", "sdclr"]
    prune: Annotated[float, Field(ge=0, lt=1)] | None = None


class Method(Block):
    select: Annotated[SelectRandom | SelectKCenter | SelectMak, Field(discriminator="rule")] | None = None
    pretrain: dict
    student: Student | None = None


class Variant(Block):
    of: str
    row: str | None = None
    set: Annotated[dict, Field(min_length=1)]


class Params(Block):
    seed: Annotated[int, Field(ge=0)]
    split: Annotated[int, Field(ge=0)]
    threads: Count
    deterministic: bool
    dataset: str
    profile: str
    show: Annotated[list[str], Field(min_length=1)]
    datasets: dict[str, Dataset]
    profiles: dict[str, Profile]
    methods: dict[str, Method]
    variants: dict[str, Variant]
