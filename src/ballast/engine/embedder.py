"""One callable from the addresses of images to their features: what every engine calls."""

import numpy as np

from ballast.encoders.model import load_encoder
from ballast.export.features import features
from ballast.export.served import Served
from ballast.images.decode import decode_all
from ballast.runtime.device import prepare
from ballast.runtime.names import image_path


class Embedder:
    """Addresses in, features out: decode, crop, network. It remembers nothing, so any engine may call it anywhere.

    With Ray Data, for tables with a column ``path``::

        images.map_batches(Embedder, fn_constructor_args=["encoder.safetensors"], batch_size=256,
                           compute=ray.data.ActorPoolStrategy(size=8))

    A batch has the same bytes wherever it is computed by a processor of the same kind: on the CPU one thread computes.
    """

    def __init__(self, encoder: str) -> None:
        """Load an encoder onto the GPU where there is one."""
        prepare(threads=1)
        self.served = Served(*load_encoder(encoder))

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return what is known of some images.

        Args:
            batch: ``path``: their addresses [B], as tables have them (ballast.images.address).

        Returns:
            ``path``; ``status``, which is ok or the reason why there is no image; ``features`` float32 [B, d], zeros
            where there is no image.
        """
        paths = batch["path"].tolist()
        images = zip(paths, decode_all(map(image_path, paths), self.served.short))
        found = np.zeros((len(paths), self.served.model.widths[0]), np.float32)
        status: list[str] = []
        for of_part, vectors in features(self.served, images):
            here = np.arange(len(status), len(status) + len(of_part))
            status += of_part.values()
            found[here[np.array(list(of_part.values())) == "ok"]] = vectors
        return {"path": batch["path"], "status": np.array(status, object), "features": found}
