"""The trainings of a row, one for each repeat: what each is made of, which of them are due, and their work."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

from ballast.runtime.ranks import rank
from stages.common.files import weights_of
from stages.common.finished import brought_back, keep, key
from stages.common.live import file_of, followed
from stages.common.repeats import Repeat
from stages.common.workers import side_by_side

SHARED_IMPORTS = ("torch._dynamo", "sklearn.cluster")  # what optimizers and k-means load, once for all processes


@dataclass(frozen=True)
class Training:
    """One repeat of a row."""

    stage: str  # pretrain or student
    row: str
    repeat: Repeat
    settings: SimpleNamespace  # parameters of the stage
    images: str  # list of in-domain images, empty for none
    pool: str = ""  # folder of the pool images,
    seen: str = ""  # of the embeddings by which its rounds choose, where those of the network do not,
    start: str = ""  # of the encoder that it starts from, and perhaps of its head
    guide: str = ""  # folder of the guide of `student`

    @property
    def name(self) -> str:
        """Return what it is called in messages."""
        return f"{self.row}, repeat {self.repeat.number}"

    @property
    def stage_name(self) -> str:
        """Return the name of its stage in dvc.yaml."""
        return f"{self.stage}@{self.row}"

    @property
    def folder(self) -> Path:
        """Return where its results go."""
        return self.repeat.run(self.row)

    @property
    def recipe(self) -> str:
        """Return the file with the effective values of its row."""
        return f"data/recipes/{self.stage}/{self.row}.yaml"

    @property
    def inputs(self) -> list[str]:
        """Return the files and folders that it reads."""
        weights = [path for folder in (self.start, self.guide) if folder for path in weights_of(folder)]
        seen = [f"{self.seen}/{name}" for name in ("in_domain", "pool") if self.seen]
        traced = [f"{self.guide}/trace.csv"] if self.guide and self.pool else []
        return ["data/images/train", *filter(None, (self.images, self.pool)), *seen, self.recipe, *traced, *weights]

    @property
    def facts(self) -> dict:
        """Return the parameters that it depends on beside its recipe; of all repeats only its own."""
        shared = {name: value for name, value in vars(self.settings).items() if name not in ("repeats", "split")}
        return {**shared, "seed": self.repeat.seed}

    def is_finished(self) -> bool:
        """Return whether its results are there, made from what it would be made from now; put them in their place."""
        return brought_back(self.key, [str(self.folder)])

    @cached_property
    def key(self) -> str:
        """Return the digest of all that its results depend on."""
        return key(self.facts, self.inputs, f"stages/work/{self.stage}.py")


Work = Callable[[Training], int]  # what trains one repeat, and returns the number of images that it saw


def train(load: Callable[[], Work], trainings: list[Training], later: Sequence[Training] = ()) -> int:
    """Train what is due, side by side; return the number of images that went through the networks.

    Args:
        load: imports the function that trains; where nothing is due, its imports are spared.
        trainings: of the row of this stage.
        later: of other rows, for when something is due here; in a process of its own each, they change nothing here.
    """
    remove_others(trainings)
    due = [training for training in trainings if not training.is_finished()]
    kept = len(trainings) - len(due)
    if kept:
        print(f"{trainings[0].row}: {kept} of {len(trainings)} repeats are there already")
    if not due:
        return 0
    due += [training for training in later if not training.is_finished()]
    for module in SHARED_IMPORTS:
        import_module(module)
    with followed([file_of(training.row, training.repeat) for training in due]):
        return sum(side_by_side(partial(trained, load()), due, [training.name for training in due]))


def trained(work: Work, training: Training) -> int:
    """Train one repeat and keep its results; return the number of images."""
    images = work(training)
    if rank() == 0:
        keep(training.key, [str(training.folder)])
    return images


def remove_others(trainings: list[Training]) -> None:
    """Remove results of repeats that are no longer asked for, and whatever else is in the folder of the row."""
    wanted = {training.folder for training in trainings}
    folder = trainings[0].folder.parent
    for path in folder.iterdir() if folder.is_dir() and rank() == 0 else ():
        if path not in wanted:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
