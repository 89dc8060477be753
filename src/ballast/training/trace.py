"""What the rounds of a training chose from the pool, and why."""

from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor

from ballast.ideas.idea import Round

COLUMNS = ["epoch", "pool", "cluster", "cosine"]
REASONS = ["epoch", "image", "cluster", "tailness", "budget"]


@dataclass
class Trace:
    """The rounds so far: their epochs, and of each its pool images [K], their clusters and cosines.

    ``reasons`` are the cluster, its budget and the tailness of every in-domain image [N] at that time, of rounds that
    looked at tailness.
    """

    epochs: list[int] = field(default_factory=list)
    rounds: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)
    reasons: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.epochs)

    def append(self, epoch: int, chosen: Round) -> None:
        """Note a round."""
        self.epochs.append(epoch)
        self.rounds.append((chosen.index, chosen.cluster, chosen.cosine))
        if chosen.allotment:
            cluster, tailness, budget = chosen.allotment
            self.reasons.append((cluster.to(torch.int16), tailness.clone(), budget[cluster].to(torch.int32)))

    def latest(self) -> Tensor:
        """Return the pool images [K] of the latest round."""
        return self.rounds[-1][0]

    def frame(self) -> pd.DataFrame:
        """Return a row per chosen image: epoch, pool (its row there), cluster, cosine; empty without rounds."""
        return self._joined(COLUMNS, self.rounds).round({"cosine": 5})

    def reasons_frame(self, images: list[int]) -> pd.DataFrame:
        """Return a row per round and in-domain image; empty where no round looked at tailness.

        images: how the in-domain images [N] are called in the column ``image``.
        """
        named = [(torch.tensor(images), *reason) for reason in self.reasons]
        return self._joined(REASONS, named).round({"tailness": 6})

    def _joined(self, names: list[str], rounds: list[tuple[Tensor, ...]]) -> pd.DataFrame:
        """Return the columns of all rounds below one another, after the epoch of each."""
        if not rounds:
            return pd.DataFrame(columns=names)
        columns = [torch.cat(column).cpu().numpy() for column in zip(*rounds)]
        sizes = torch.tensor([len(first) for first, *_ in rounds])
        epochs = torch.tensor(self.epochs).repeat_interleave(sizes).numpy()
        return pd.DataFrame(dict(zip(names, [epochs, *columns])))
