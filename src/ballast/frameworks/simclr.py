"""SimCLR: all views go through the same network (methods.md 1.1)."""

from torch import Tensor, nn

from ballast.encoders.model import Model


class SimCLR(nn.Module):
    """The model itself."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def start_epoch(self) -> None:
        """Nothing changes between epochs."""

    def project(self, views: Tensor, pairs: int) -> Tensor:
        """Unit projections of views [2 pairs + E, C, H, W]; BatchNorm sees all of them at once."""
        return self.model(views)[1]
