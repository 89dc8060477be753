"""SimCLR: both views of an image go through the same network (methods.md 1.1)."""

from torch import Tensor

from ballast.encoders.model import Model


def project(model: Model, views: Tensor) -> Tensor:
    """Unit projections [2B, d] of views [2B, C, H, W], all of view 1 first; BatchNorm sees both views at once."""
    return model(views)[1]
