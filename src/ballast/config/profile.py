"""What a profile holds: sizes and schedules, each declared once, here, with its type, bounds and meaning.

The library uses these classes. ``ballast.checks.check`` checks params.yaml and configs/profiles against them.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len, Lt, MultipleOf

from ballast.config.build import ByKey

# Bounds keep a slip of the finger from hanging, from asking for terabytes, or from training nonsense.
MOST = 1_000_000_000
Count = Annotated[int, Ge(1), Le(MOST)]
WholeNumber = Annotated[int, Ge(0), Le(MOST)]
Positive = Annotated[float, Ge(1e-12), Le(MOST)]
NonNegative = Annotated[float, Ge(0), Le(MOST)]
Epochs = Annotated[int, Ge(0), Le(1_000_000)]
Batch = Annotated[int, Ge(2), Le(1_000_000)]
Rate = Annotated[float, Ge(1e-12), Le(1000)]  # of learning
Temperature = Annotated[float, Ge(1e-3), Le(1000)]
Fraction = Annotated[float, Ge(0), Le(1)]
PositiveFraction = Annotated[float, Gt(0), Le(1)]
Momentum = Annotated[float, Ge(0), Lt(1)]
Padding = Annotated[int, Ge(0), Le(1024)]  # in pixels
AreaRange = Annotated[list[PositiveFraction], Len(2, 2)]


@dataclass(frozen=True, kw_only=True)
class Running:
    """How a network runs, and its head's output."""

    projection: Annotated[int, Ge(1), Le(65_536)]
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    compile: bool = False  # fuse the operations of encoder and augmentation
    graph: bool = False  # launch a step as one CUDA graph, for small networks on a GPU
    decode: Literal["cpu", "cuda"] = "cpu"  # what decodes JPEG files that are not in memory while a network trains


@dataclass(frozen=True, kw_only=True)
class Network(Running):
    """A ResNet of any size (ballast.encoders.resnet) as the encoder."""

    source: Literal["ballast"] = "ballast"
    stem: Literal["cifar", "imagenet"]
    block: Literal["basic", "bottleneck"]
    # Below 16 channels, oneDNN's backward of a strided 1x1 convolution in channels_last crashes (torch 2.12.1, three
    # threads); the one run ever seen to give other bits, with two threads, had such a layer.
    width: Annotated[int, Ge(16), Le(1024)]
    depths: Annotated[list[Annotated[int, Ge(1), Le(200)]], Len(1, 8)]


@dataclass(frozen=True, kw_only=True)
class Backbone(Running):
    """A network of timm or torchvision as the encoder (ballast.encoders.backbone)."""

    source: Literal["timm", "torchvision"]
    name: str
    options: dict[str, object] = field(default_factory=dict)  # arguments of that name's function


AnyNetwork = Annotated[Network | Backbone, ByKey("source", default="ballast")]


@dataclass(frozen=True, kw_only=True)
class Augment:
    """The contrastive augmentation (ballast.augment.draws)."""

    crop: AreaRange  # smallest and largest share of the area
    flip: Fraction  # probability
    jitter: Annotated[list[NonNegative], Len(4, 4)]  # brightness, contrast, saturation, hue
    jitter_p: Fraction
    gray: Fraction  # probability
    blur: Fraction  # probability
    blur_sigma: Annotated[list[Annotated[float, Ge(0), Le(100)]], Len(2, 2)]  # pixels


@dataclass(frozen=True)
class CosineTemperature:
    """A temperature that swings between two values over the epochs (ballast.training.temperature)."""

    low: Temperature
    high: Temperature

    def problem(self) -> str | None:
        """Return what is wrong beyond types and bounds."""
        return f"low: expected at most `high`, {self.high}, got {self.low}" if self.low > self.high else None


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """An optimizer (ballast.training.optimizers) with warm-up and cosine (ballast.training.schedule)."""

    epochs: Epochs  # 0: the encoder stays as it starts
    batch: Batch
    lr: Rate
    momentum: Momentum  # beta_1 of AdamW
    weight_decay: Annotated[float, Ge(0), Le(10)]
    warmup: WholeNumber  # epochs of rising learning rate
    temperature: Temperature | CosineTemperature  # of the contrastive loss
    temperature_period: PositiveFraction = 0.2  # of a CosineTemperature, as a fraction of the epochs
    views: Annotated[int, Ge(2), Le(64), MultipleOf(2)] = 2  # of each image; with 4, a batch has half as many images
    optimizer: Literal["sgd", "adamw", "lars"] = "sgd"
    clip: NonNegative = 0.0  # largest norm of all gradients; 0 clips nothing
    # For encoders that start from weights; block 0 is what comes before the first sequence of blocks.
    freeze: WholeNumber = 0  # first blocks of the encoder that stay as they are
    layer_decay: PositiveFraction = 1.0  # of the rate, from each block to the one before; the head has the whole rate
    head_warmup: WholeNumber = 0  # epochs in which the head alone trains

    @property
    def pairs(self) -> int:
        """Return the pairs of views of each image in a batch."""
        return self.views // 2

    def problem(self) -> str | None:
        """Return what is wrong beyond types and bounds."""
        if self.batch % self.pairs or self.batch < 2 * self.pairs:
            return (f"views: expected a half that divides the {self.batch} of batch into two images or more, got "
                    f"{self.views}")
        return None


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Pool images per selection, and the rounds of the methods that select while they train."""

    budget: Count
    warmup: Count  # epochs before the first round
    every: Count  # epochs between rounds


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """The cached embeddings of the pool."""

    views: Annotated[int, Ge(2), Le(10_000)]  # augmented passes, M of MAK


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """MAK's scores: ECLE (ballast.tailness.ecle) and proximity (ballast.selection.proximity)."""

    repeats: Annotated[int, Ge(1), Le(10_000)]  # random batchings
    block: Batch  # images of a block
    temperature: Temperature
    centres: Count  # of the in-domain features


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """Few-shot fine-tuning: SGD with momentum 0.9, no weight decay, cosine without warm-up."""

    epochs: Annotated[int, Ge(1), Le(1_000_000)]
    batch: Batch
    lr: Rate
    crop: Padding | AreaRange  # of a random crop, or of a random resized crop
    flip: Fraction


@dataclass(frozen=True, kw_only=True)
class Probe(FineTuning):
    """A linear probe: SGD with momentum 0.9, no weight decay; the rate falls tenfold after each epoch in ``steps``."""

    steps: list[Count]
    copies: Annotated[int, Ge(1), Le(10_000)]  # augmented copies of the training images
    every: Count  # epochs between looks at the validation list; as many as `epochs`: the last epoch is taken
    top: Annotated[int, Ge(1), Le(1000)]  # a validation image counts as right when its class is among so many first


@dataclass(frozen=True, kw_only=True)
class Convex:
    """A linear classifier whose loss has one minimum (ballast.evaluation.convex)."""

    C: Positive  # inverse strength of the L2 penalty


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The k-nearest-neighbour evaluation."""

    k: Count
    temperature: Annotated[float, Ge(0.02), Le(1000)]  # below, exp(1 / t) is no float32


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A file of configs/profiles."""

    network: AnyNetwork
    augment: Augment
    pretrain: Optimization
    sampling: Sampling
    embed: Embedding
    score: Scoring
    student: Optimization
    logistic: Convex
    svm: Convex
    sgd: Probe
    sgd_fewshot: Probe
    finetune: FineTuning
    knn: Neighbours
    adapt: dict[str, dict] = field(default_factory=dict)  # changes of `pretrain` for a framework, an idea or `select`

    def problem(self) -> str | None:
        """Return what is wrong beyond types and bounds."""
        smallest, largest = self.augment.crop
        if smallest > largest:
            return f"augment.crop: expected [smallest, largest], got [{smallest}, {largest}]"
        if self.student.warmup > self.student.epochs:
            return f"student.warmup: expected at most the {self.student.epochs} epochs, got {self.student.warmup}"
        for name in ("sgd", "sgd_fewshot", "finetune"):
            settings = getattr(self, name)
            if getattr(settings, "every", 1) > settings.epochs:
                return (f"{name}.every: expected at most the {settings.epochs} epochs, got {settings.every}; no epoch "
                        f"would be validated")
            if isinstance(settings.crop, list) and settings.crop[0] > settings.crop[1]:
                return f"{name}.crop: expected [smallest, largest], got {settings.crop}"
        return None
