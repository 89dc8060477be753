"""What the rounds of a training chose from the pool."""

from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor

from ballast.ideas.idea import Round

COLUMNS = ["epoch", "pool", "cluster", "cosine"]


@dataclass
class Trace:
    """The rounds so far: their epochs, and of each its pool images [K], their clusters and cosines."""

    epochs: list[int] = field(default_factory=list)
    rounds: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.epochs)

    def append(self, epoch: int, chosen: Round) -> None:
        """Note a round."""
        self.epochs.append(epoch)
        self.rounds.append((chosen.index, chosen.cluster, chosen.cosine))

    def latest(self) -> Tensor:
        """Return the pool images [K] of the latest round."""
        return self.rounds[-1][0]

    def frame(self) -> pd.DataFrame:
        """Return a row per chosen image: epoch, pool (its row there), cluster, cosine; empty without rounds."""
        if not self.epochs:
            return pd.DataFrame(columns=COLUMNS)
        columns = [torch.cat(column).cpu().numpy() for column in zip(*self.rounds)]
        sizes = torch.tensor([len(index) for index, _, _ in self.rounds])
        epochs = torch.tensor(self.epochs).repeat_interleave(sizes).numpy()
        return pd.DataFrame(dict(zip(COLUMNS, [epochs, *columns]))).round({"cosine": 5})
