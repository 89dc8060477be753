"""Encoders as models of MLflow: registered, with a signature and an example, loaded and served without this repository.

    mlflow.pyfunc.load_model("models:/ballast-colt/1").predict(table)       a table with a column of encoded images
    mlflow models serve --env-manager local -m models:/ballast-colt/1
"""

import io
import os
import re
import tempfile
import zipfile
from importlib.metadata import requires, version
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from PIL import Image

from ballast.encoders.model import load_encoder
from scripts.revision import Revision

CODE = Path(__file__).with_name("served.py")
LIBRARY = Path("src/ballast")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


def register(client: MlflowClient, run: Run, path: str, revision: Revision) -> None:
    """Log the encoder of a training as a model named like its stage, and register it under the name of its row."""
    stage = run.info.run_name
    model = client.create_logged_model(run.info.experiment_id, re.sub(r"\W", "-", stage), run.info.run_id,
                                       {"dvc.lock": revision.digest}, model_type="encoder")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "encoder.safetensors")
        file.write_bytes(revision.read(path))
        encoder, _, short = load_encoder(file)
        info = mlflow.pyfunc.log_model(
            name=model.name, model_id=model.model_id, python_model=str(CODE),
            artifacts={"encoder": str(file), "library": library(folder)}, pip_requirements=requirements(),
            signature=signature(encoder.widths[0]), input_example=example(short),
            registered_model_name=f"ballast-{stage.partition('@')[2]}")
    registered = info.registered_model_version
    for key in ("dvc.lock", "commit"):
        client.set_model_version_tag(f"ballast-{stage.partition('@')[2]}", registered, key, run.data.tags[key])


def library(folder: str) -> str:
    """Write the library as one file that Python imports from; return its name."""
    path = Path(folder, "ballast.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(LIBRARY.rglob("*.py")):
            packed.write(file, file.relative_to(LIBRARY.parent))
    return str(path)


def signature(width: int) -> ModelSignature:
    """Return what goes in, encoded images, and what comes out, features."""
    return ModelSignature(Schema([ColSpec(DataType.binary, "image")]),
                          Schema([TensorSpec(np.dtype(np.float32), (-1, width))]))


def example(side: int) -> pd.DataFrame:
    """Return a table with one image."""
    buffer = io.BytesIO()
    Image.fromarray(np.arange(side * side * 3, dtype=np.uint8).reshape(side, side, 3)).save(buffer, "PNG")
    return pd.DataFrame({"image": [buffer.getvalue()]})


def requirements() -> list[str]:
    """Return what the library needs, in the versions that are installed here."""
    names = [re.match(r"[\w.-]+", line)[0] for line in requires("ballast-ssl") if "extra ==" not in line]
    return [f"{name}=={version(name).partition('+')[0]}" for name in (*names, "mlflow")]
