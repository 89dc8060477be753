"""SimCLR, which sends all views through the same network.

Source: SimCLR (Chen et al., ICML 2020; docs/methods/simclr.md).
"""

from torch import Tensor, nn

from ballast.encoders.model import Model


class SimCLR(nn.Module):
    """The model itself as a framework."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def start_epoch(self) -> None:
        """Do nothing: SimCLR keeps no state between epochs."""

    def project(self, views: Tensor, pairs: int) -> Tensor:
        """Return unit projections of views [2 pairs + E, C, H, W]; BatchNorm sees all of them at once."""
        return self.model(views)[1]
