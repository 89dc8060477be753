"""An encoder as others call it: pixels as they were decoded in, features out."""

from torch import Tensor, nn

from ballast.augment.color import grayscale
from ballast.encoders.model import Model


class Served(nn.Module):
    """uint8 RGB images [B, 3, short, short] -> features float32 [B, d]; crop, scale and normalization are inside."""

    def __init__(self, model: Model, size: int, short: int) -> None:
        """Put an encoder behind its preprocessing; the arguments are what ``load_encoder`` returns."""
        super().__init__()
        self.model, self.size, self.short = model, size, short

    def forward(self, images: Tensor) -> Tensor:
        edge = (self.short - self.size) // 2
        views = images[:, :, edge : edge + self.size, edge : edge + self.size].float() / 255
        if self.model.channels == 1:
            views = grayscale(views)[:, :1]
        return self.model.features(views).float()
