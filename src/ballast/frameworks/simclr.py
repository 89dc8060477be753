"""SimCLR, which sends all views through the same network.

Source: SimCLR (Chen et al., ICML 2020; docs/methods/simclr.md).
"""

from torch import Tensor, nn

from ballast.encoders.model import Model
from ballast.runtime.batchnorm import rows_of_ranks


class SimCLR(nn.Module):
    """The model itself as a framework."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def start_epoch(self) -> None:
        """Do nothing: SimCLR keeps no state between epochs."""

    def embed(self, views: Tensor, pairs: list[int], further: list[int]) -> tuple[Tensor, Tensor]:
        """Return h and unit z of views [2 pairs + further, C, H, W]; BatchNorm sees all of them at once."""
        with rows_of_ranks([2 * pair + more for pair, more in zip(pairs, further)]):
            return self.model(views)
