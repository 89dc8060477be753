"""The encoder that MLflow loads and serves: encoded images in, features out (a model from code, by scripts/publish.py).

A model carries the library with it, so that neither this repository nor the package has to be where it is served.
"""

import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel


class Encoder(PythonModel):
    """A table with a column ``image`` of encoded images (JPEG, PNG, ...) -> features float32 [N, d]."""

    def load_context(self, context) -> None:
        """Read the encoder once, by the library that came with it or that this process has loaded already."""
        if "ballast" not in sys.modules:  # two of them on one path would mix in the processes that this one starts
            sys.path.insert(0, context.artifacts["library"])
        from ballast.encoders.model import load_encoder
        from ballast.export.served import Served

        self.served = Served(*load_encoder(context.artifacts["encoder"]))

    def predict(self, context, model_input: pd.DataFrame, params: dict | None = None) -> np.ndarray:
        """Return the features of images; raise ValueError for bytes that are no image."""
        from ballast.export.features import features
        from ballast.images.decode import decode_all

        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, str(number)) for number in range(len(model_input))]
            for path, content in zip(paths, model_input["image"]):
                path.write_bytes(content)
            images = ((f"image {number}", image) for number, image in enumerate(decode_all(paths, self.served.short)))
            parts = list(features(self.served, images))
        wrong = [f"{name}: {reason}" for status, _ in parts for name, reason in status.items() if reason != "ok"]
        if wrong:
            raise ValueError("; ".join(wrong))
        return np.concatenate([found for _, found in parts])


mlflow.models.set_model(Encoder())
