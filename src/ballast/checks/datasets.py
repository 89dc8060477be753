"""What a file of configs/datasets holds: where images come from, and how long-tailed lists are made of them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from ballast.config.build import ByKey
from ballast.config.profile import Count, PositiveFraction, WholeNumber

ImageSide = Annotated[int, Ge(8), Le(4096)]


@dataclass(frozen=True, kw_only=True)
class Glyphs:
    """Rendered characters (ballast.sources.glyphs)."""

    kind: Literal["glyphs"]
    size: ImageSide
    train_per_class: Count
    test_per_class: Count
    pool_near: WholeNumber  # pool images of related characters
    pool_far: WholeNumber

    @property
    def pool_size(self) -> int:
        """Return the number of images in the pool."""
        return self.pool_near + self.pool_far


@dataclass(frozen=True, kw_only=True)
class Digits:
    """scikit-learn's 8x8 digits: 0 to 5 are the classes, 6 to 9 the pool (ballast.sources.digits)."""

    kind: Literal["digits"]
    pool_size: ClassVar[int] = 714


@dataclass(frozen=True, kw_only=True)
class Cifar:
    """torchvision's files below ``root`` and a pool array (ballast.sources.cifar)."""

    kind: Literal["cifar10", "cifar100"]
    root: str
    pool: str
    pool_size: ClassVar[None] = None  # unknown before the file is read


@dataclass(frozen=True, kw_only=True)
class Files:
    """Image files; each part is a folder, a list of lines ``path [label]`` below a root, or a .npy array."""

    pool: str
    pool_root: str | None = None  # where the paths of a list begin
    size: ImageSide  # side of the images that the network sees
    short: Annotated[int, Ge(1), Le(8192)] | None = None  # as stored; evaluation takes its centre; None: size
    where: Literal["memory", "cache", "files"] = "memory"
    pool_size: ClassVar[None] = None


@dataclass(frozen=True, kw_only=True)
class Folder(Files):
    """A labelled data set with a folder per class, from which the long-tailed lists are drawn."""

    kind: Literal["folder"]
    train: str
    test: str
    root: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lists(Files):
    """Published lists of files below ``root``."""

    kind: Literal["lists"]
    root: str
    longtail: str
    balanced: str | None = None
    few: str | None = None
    probe: str
    val: str
    test: str


@dataclass(frozen=True, kw_only=True)
class Own(Files):
    """A user's in-domain images, and labelled images for the evaluation where there are some."""

    kind: Literal["own"]
    in_domain: str
    evaluation: str | None = None  # what probes train on, and are tested on where there is no ``test``
    test: str | None = None
    root: str | None = None  # where the paths of a list begin, of in_domain, evaluation and test

    def problem(self) -> str | None:
        """Return what is wrong beyond types and bounds."""
        if self.test is not None and self.evaluation is None:
            return f"test: expected none without `evaluation`, images that probes train on, got {self.test!r}"
        return None


@dataclass(frozen=True, kw_only=True)
class Leakage:
    """What happens to pool images that resemble an image of the training or test set (ballast.sources.duplicates)."""

    action: Literal["exclude", "report"]
    cosine: Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True, kw_only=True)
class DrawnLists:
    """Lists drawn at random, with class sizes by a law (ballast.sources.longtail)."""

    law: Literal["exponential", "step", "pareto"]
    largest: Count
    ratio: Annotated[float, Ge(1), Le(1_000_000)]  # largest class to smallest
    few_shot: PositiveFraction  # images per class of the few-shot list, as a fraction of ``largest``
    val_per_class: WholeNumber  # 0: no validation images, so the SGD probes take their last epoch


@dataclass(frozen=True, kw_only=True)
class PublishedLists:
    """Index lists that a paper published."""

    law: Literal["published"]
    folder: str
    prefix: str


@dataclass(frozen=True, kw_only=True)
class GivenLists:
    """Lists that the source itself has."""

    law: Literal["given"]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A file of configs/datasets."""

    source: Annotated[Glyphs | Digits | Cifar | Folder | Lists | Own, ByKey("kind")]
    leakage: Leakage
    longtail: Annotated[DrawnLists | PublishedLists | GivenLists, ByKey("law")]
    groups: Literal["thirds", "sdclr", "counts"]

    def problem(self) -> str | None:
        """Return what is wrong beyond types and bounds."""
        has_lists = self.source.kind in ("lists", "own")
        if has_lists != (self.longtail.law == "given"):
            return (f"longtail.law: {self.longtail.law!r} does not go with source.kind {self.source.kind!r}; `given` "
                    f"goes with lists and own, the other laws with the other kinds")
        short = getattr(self.source, "short", None)
        if short is not None and short < self.source.size:
            return f"source.short: expected at least source.size, {self.source.size}, got {short}"
        return None
